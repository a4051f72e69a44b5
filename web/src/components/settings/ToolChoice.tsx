import { useQuery } from '@tanstack/react-query';
import { strings } from '../../strings';
import { api } from '../../transport/api';

interface Props {
  /** The servers, and single tools, that are on. */
  value: readonly string[];
  onChange(tools: string[]): void;
}

/** Which tools the replies of this conversation may call. */
export function ToolChoice({ value, onChange }: Props) {
  const { data: servers } = useQuery({ queryKey: ['tools'], queryFn: ({ signal }) => api.tools(signal) });
  if (!servers) return null;
  const toggle = (name: string, on: boolean) => {
    // With its server, a single tool is on, too.
    const others = value.filter((chosen) => chosen !== name && !chosen.startsWith(`${name}/`));
    onChange(on ? [...others, name] : others);
  };
  return (
    <fieldset>
      <legend className="mb-1.5 text-sm font-medium">{strings.calls.title}</legend>
      {servers.map((server) => (
        <label key={server.name} className="flex min-h-8 items-start gap-2 text-sm pointer-coarse:min-h-11">
          <input
            type="checkbox"
            className="mt-1"
            checked={value.includes(server.name)}
            onChange={(event) => toggle(server.name, event.currentTarget.checked)}
          />
          <span className="min-w-0">
            {server.built_in ? strings.calls.builtIn : server.name}
            <span className="block text-xs break-words text-ink-muted">
              {server.tools.map(({ name }) => name).join(', ')}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
