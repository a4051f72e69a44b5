import { Camera, FolderOpen, Paperclip, Upload } from 'lucide-react';
import { useRef, useState, type ChangeEvent } from 'react';
import { useFrame } from '../../state/frame';
import { fileStrings } from '../../strings/files';
import { IconButton } from '../ui/IconButton';
import { Menu, MENU_ITEM } from '../ui/Menu';
import { isTouch } from '../ui/pointer';

/** Where files of a message come from: this device, its camera, or those that the server has. */
export function AttachButton({ onFiles }: { onFiles(files: File[]): void }) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const device = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const close = () => setAnchor(null);

  function onChange({ currentTarget: input }: ChangeEvent<HTMLInputElement>) {
    onFiles([...(input.files ?? [])]);
    // The same file again is a change, too.
    input.value = '';
  }

  function choose(input: HTMLInputElement | null) {
    close();
    input?.click();
  }

  return (
    <>
      <IconButton
        icon={Paperclip}
        label={fileStrings.attach}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        className="rounded-full!"
        onClick={(event) => setAnchor(event.currentTarget)}
      />
      <input ref={device} type="file" multiple hidden onChange={onChange} data-from="device" />
      <input ref={camera} type="file" accept="image/*" capture="environment" hidden onChange={onChange} data-from="camera" />
      {anchor && (
        <Menu label={fileStrings.attach} anchor={anchor} onClose={close}>
          <button type="button" role="menuitem" className={MENU_ITEM} onClick={() => choose(device.current)}>
            <Upload strokeWidth={1.75} aria-hidden />
            {fileStrings.fromDevice}
          </button>
          {isTouch() && (
            <button type="button" role="menuitem" className={MENU_ITEM} onClick={() => choose(camera.current)}>
              <Camera strokeWidth={1.75} aria-hidden />
              {fileStrings.camera}
            </button>
          )}
          <button
            type="button"
            role="menuitem"
            className={MENU_ITEM}
            onClick={() => {
              close();
              useFrame.setState({ files: true });
            }}
          >
            <FolderOpen strokeWidth={1.75} aria-hidden />
            {fileStrings.mine}
          </button>
        </Menu>
      )}
    </>
  );
}
