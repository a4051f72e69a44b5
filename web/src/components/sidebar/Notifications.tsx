import { Bell, Check } from 'lucide-react';
import { useEffect, useState } from 'react';
import { saidError } from '../../errorWords';
import { notified, switchOff, switchOn } from '../../state/notifications';
import { toast } from '../../state/toasts';
import { aroundStrings } from '../../strings/around';
import { MENU_ITEM } from '../ui/Menu';

/** Whether this browser tells of replies while no page is open. */
export function Notifications({ onClose }: { onClose(): void }) {
  const [on, setOn] = useState(false);
  useEffect(() => {
    void notified().then(setOn, () => undefined);
  }, []);
  const { label, on: told, off, refused } = aroundStrings.notifications;

  async function change() {
    onClose();
    try {
      const why = on ? await switchOff() : await switchOn();
      toast(why ? refused[why] : on ? off : told);
    } catch (error) {
      toast(aroundStrings.toast.failed(saidError(error)));
    }
  }

  return (
    <button type="button" role="menuitemcheckbox" aria-checked={on} className={MENU_ITEM} onClick={() => void change()}>
      <Bell strokeWidth={1.75} aria-hidden />
      <span className="flex-1">{label}</span>
      {on && <Check aria-hidden />}
    </button>
  );
}
