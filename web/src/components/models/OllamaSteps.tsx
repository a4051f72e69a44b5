import { strings } from '../../strings';
import { CopyButton } from '../ui/CopyButton';

/**
 * How to get a model of one's own.
 *
 * @param last the sentence after it
 */
export function OllamaSteps({ last }: { last?: string }) {
  const [install, get] = strings.demo.steps;
  return (
    <ol className="mt-2 list-decimal space-y-1.5 ps-5">
      <li>{install}</li>
      <li>
        {get}
        <span className="mt-1 flex w-fit max-w-full items-center rounded-control border border-line bg-surface ps-3">
          <code className="overflow-x-auto font-mono text-xs">{strings.demo.command}</code>
          <CopyButton text={strings.demo.command} label={strings.copy.code} />
        </span>
      </li>
      {last && <li>{last}</li>}
    </ol>
  );
}
