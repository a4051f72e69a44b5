import type { ModelsHandle } from '../../hooks/useModels';
import { Popup } from '../ui/Popup';
import { ModelListbox } from './ModelListbox';

interface Props {
  models: ModelsHandle;
  /** The chosen one. */
  value: string | null;
  label: string;
  /** What choosing changes. */
  note: string;
  anchor: HTMLElement;
  onClose(): void;
  onPick(model: string): void;
}

/** The list of models, as a button opens it. */
export function ModelPopup({ anchor, onClose, onPick, ...list }: Props) {
  return (
    <Popup label={list.label} anchor={anchor} onClose={onClose} className="h-[min(26rem,80dvh)] w-96">
      <ModelListbox
        {...list}
        onPick={(model) => {
          onClose();
          onPick(model);
        }}
      />
    </Popup>
  );
}
