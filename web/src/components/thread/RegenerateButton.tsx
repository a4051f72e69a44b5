import { ChevronDown, RefreshCw } from 'lucide-react';
import { use } from 'react';
import { sameModel, shortName } from '../../state/models';
import { strings } from '../../strings';
import { Actions } from './actions';
import { SmallButton } from '../ui/SmallButton';
import { usePopover } from '../ui/usePopover';

/** Another reply in the place of this one, which stays a version; by the side, with another model. */
export function RegenerateButton({ id, model }: { id: string; model: string | undefined }) {
  const actions = use(Actions);
  if (!actions) return null;
  const others = (actions.models.models?.results ?? []).filter(({ id: name }) => !sameModel(name, model ?? ''));
  return (
    <div className="flex items-center">
      <SmallButton
        icon={RefreshCw}
        label={strings.reply.regenerate}
        disabled={actions.busy}
        onClick={() => actions.regenerate(id)}
      />
      {others.length > 0 && (
        <ModelMenu disabled={actions.busy} onPick={(name) => actions.regenerate(id, name)} models={others} />
      )}
    </div>
  );
}

interface MenuProps {
  disabled: boolean;
  models: { id: string; label: string; remote: boolean | null }[];
  onPick(model: string): void;
}

function ModelMenu({ disabled, models, onPick }: MenuProps) {
  const { id, button, panel, open, close } = usePopover();
  return (
    <>
      <SmallButton
        ref={button}
        icon={ChevronDown}
        label={strings.reply.regenerateWith}
        disabled={disabled}
        popoverTarget={id}
        aria-expanded={open}
        className="-ms-1 w-6! pointer-coarse:ms-0 pointer-coarse:w-11!"
      />
      <div
        ref={panel}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={strings.reply.regenerateWith}
        data-menu={open || undefined}
        className="popover scroll-quiet max-h-72 w-64 overflow-y-auto p-1.5"
      >
        <p className="px-2.5 py-1.5 text-xs text-ink-muted">{strings.reply.regenerateWith}</p>
        <ul>
          {open &&
            models.map((model) => (
              <li key={model.id}>
                <button
                  type="button"
                  className="flex min-h-11 w-full items-center justify-between gap-3 rounded-control px-2.5 text-start text-sm hover:bg-sunken"
                  onClick={() => {
                    close();
                    onPick(model.id);
                  }}
                >
                  <span className="min-w-0 truncate">{shortName(model.label)}</span>
                  {model.remote && <span className="shrink-0 text-xs text-warning">{strings.settings.remote}</span>}
                </button>
              </li>
            ))}
        </ul>
      </div>
    </>
  );
}
