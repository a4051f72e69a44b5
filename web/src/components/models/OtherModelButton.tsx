import { Cpu } from 'lucide-react';
import type { ModelsHandle } from '../../hooks/useModels';
import { sameModel } from '../../state/models';
import { strings } from '../../strings';
import { usePopupAnchor } from '../ui/Popup';
import { ModelPopup } from './ModelPopup';

/** Failures that end with another model, or on another server: the same one again fails again. */
const ENDED_BY_ANOTHER = new Set([
  'model_not_found',
  'model_not_allowed',
  'model_cannot_see',
  'not_supported',
  'provider_unavailable',
  'provider_timeout',
  'provider_auth_failed',
  'provider_failed',
]);

/** Whether another model is a way on after this failure, and there is one. */
export function otherModelHelps(code: string | undefined, failed: string | null | undefined, { models }: ModelsHandle): boolean {
  return ENDED_BY_ANOTHER.has(code ?? '') && (models?.results ?? []).some(({ id }) => !sameModel(id, failed ?? ''));
}

interface Props {
  models: ModelsHandle;
  /** The one that failed. */
  failed: string | null;
  /** The chat keeps the model. */
  onPick(model: string): void;
}

/** The way on from a failure that lies with the model. */
export function OtherModelButton({ models, failed, onPick }: Props) {
  const { anchor, opener, close } = usePopupAnchor();
  return (
    <>
      <button type="button" className="button button-quiet" {...opener}>
        <Cpu className="size-4" aria-hidden />
        {strings.models.another}
      </button>
      {anchor && (
        <ModelPopup
          models={models}
          value={failed}
          label={strings.models.choose}
          note={strings.models.remembered}
          anchor={anchor}
          onClose={close}
          onPick={onPick}
        />
      )}
    </>
  );
}
