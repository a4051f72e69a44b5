import { ChevronDown, TriangleAlert } from 'lucide-react';
import { useLayoutEffect, useRef } from 'react';
import type { ModelsHandle } from '../../hooks/useModels';
import { provide } from '../../state/commands';
import { findModel, shortName } from '../../state/models';
import { strings } from '../../strings';
import { usePopupAnchor } from '../ui/Popup';
import { placeOf } from './facts';
import { ModelPopup } from './ModelPopup';
import { PlaceDot } from './PlaceDot';

interface Props {
  models: ModelsHandle;
  /** Null: the server's default. */
  value: string | null;
  onPick(model: string): void;
  /** `field`: as wide as the settings; else as wide as the name. */
  look?: 'pill' | 'field';
  describedBy?: string;
}

/** The model that answers next, as a button that opens the list of all. */
export function ModelPicker({ models: handle, value, onPick, look = 'pill', describedBy }: Props) {
  const { models, loading } = handle;
  const { anchor, opener, close } = usePopupAnchor();
  const results = models?.results ?? [];
  const id = value ?? models?.default ?? '';
  const model = findModel(results, id);
  const gone = id !== '' && results.length > 0 && !model;
  // Without a default, since its server is down, the models of the others can still be chosen.
  const unchosen = results.length > 0 ? strings.models.choose : strings.models.none;
  const name = shortName(model?.label ?? id) || (loading && !models ? strings.models.loading : unchosen);
  const place = model ? placeOf(model) : '';
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (look === 'pill') return provide('chooseModel', () => button.current?.click());
  }, [look]);
  return (
    <>
      <button
        ref={button}
        type="button"
        {...opener}
        aria-label={strings.models.current(gone ? strings.settings.modelGone(name) : name, place)}
        aria-describedby={describedBy}
        data-tip={look === 'pill' ? strings.models.change(name) : undefined}
        className={`${LOOKS[look]} ${gone ? 'text-danger' : 'text-ink'}`}
      >
        {gone ? <TriangleAlert className="size-3.5 shrink-0" aria-hidden /> : <PlaceDot remote={model?.remote ?? null} />}
        <span className={look === 'field' ? 'min-w-0 flex-1 text-start [overflow-wrap:anywhere]' : 'min-w-0 truncate'}>{name}</span>
        <ChevronDown className="size-3.5 shrink-0 text-ink-muted" aria-hidden />
      </button>
      {anchor && (
        <ModelPopup
          models={handle}
          value={id}
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

const LOOKS = {
  pill: 'inline-flex h-7 min-w-0 max-w-full items-center gap-1.5 rounded-control px-2 font-medium hover:bg-sunken aria-expanded:bg-sunken pointer-coarse:h-11 pointer-coarse:px-2.5 pointer-coarse:text-sm',
  field: 'field flex items-center gap-2 py-2 text-sm hover:bg-sunken',
};
