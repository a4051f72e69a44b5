import { ChevronDown, RefreshCw } from 'lucide-react';
import { use } from 'react';
import { sameModel } from '../../state/models';
import { strings } from '../../strings';
import { ModelPopup } from '../models/ModelPopup';
import { Actions, type ThreadActions } from './actions';
import { usePopupAnchor } from '../ui/Popup';
import { SmallButton } from '../ui/SmallButton';

interface Props {
  id: string;
  model: string | undefined;
  /** Only with another model: there is a button for the same one already. */
  others?: boolean;
}

/** Another reply in the place of this one, which stays a version; by the side, with another model. */
export function RegenerateButton({ id, model, others: onlyOthers = false }: Props) {
  const actions = use(Actions);
  if (!actions) return null;
  const others = (actions.models.models?.results ?? []).filter(({ id: name }) => !sameModel(name, model ?? ''));
  return (
    <div className="flex items-center">
      {!onlyOthers && (
        <SmallButton
          icon={RefreshCw}
          label={strings.reply.regenerate}
          disabled={actions.busy}
          onClick={() => actions.regenerate(id)}
        />
      )}
      {others.length > 0 && <OtherModel id={id} model={model} actions={actions} />}
    </div>
  );
}

/** Once with another model: what the chat remembers stays as it is. */
function OtherModel({ id, model, actions }: { id: string; model: string | undefined; actions: ThreadActions }) {
  const { anchor, opener, close } = usePopupAnchor();
  return (
    <>
      <SmallButton
        {...opener}
        icon={ChevronDown}
        label={strings.reply.regenerateWith}
        disabled={actions.busy}
        className="-ms-1 w-6! pointer-coarse:ms-0 pointer-coarse:w-11!"
      />
      {anchor && (
        <ModelPopup
          models={actions.models}
          value={model ?? null}
          label={strings.reply.regenerateWith}
          note={strings.models.once}
          anchor={anchor}
          onClose={close}
          onPick={(name) => actions.regenerate(id, name)}
        />
      )}
    </>
  );
}
