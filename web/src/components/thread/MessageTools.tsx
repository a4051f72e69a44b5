import { Ellipsis, GitFork, ThumbsDown, ThumbsUp, Trash2 } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import { use, useId, useState, type FormEvent } from 'react';
import type { ThreadMessage } from '../../session/thread';
import { strings } from '../../strings';
import { Menu, MENU_ITEM } from '../ui/Menu';
import { Popup } from '../ui/Popup';
import { SmallButton } from '../ui/SmallButton';
import { Actions } from './actions';
import type { RatingValue } from './useMessageTools';

const words = strings.tools;
const LONGEST = 2000;
const THUMBS: { value: 1 | -1; icon: LucideIcon; label: string }[] = [
  { value: 1, icon: ThumbsUp, label: words.good },
  { value: -1, icon: ThumbsDown, label: words.bad },
];
const PRESSED = 'aria-pressed:text-primary [&[aria-pressed=true]_svg]:fill-primary-soft';

/**
 * What can be done with a stored message beside the conversation: its rating, where it is a reply,
 * and a menu. On touch screens, where buttons are wide, the rating is in the menu.
 */
export function MessageTools({ message }: { message: ThreadMessage }) {
  const actions = use(Actions);
  const [menu, setMenu] = useState<HTMLElement | null>(null);
  /** Where the word to a rating is asked for. */
  const [asking, setAsking] = useState<HTMLElement | null>(null);
  if (!actions) return null;
  const { rate, fork, remove, busy } = actions;
  const given: RatingValue = message.metadata?.rating?.value ?? 0;
  const thumbs = message.role === 'assistant' ? THUMBS : [];

  function press(value: 1 | -1, anchor: HTMLElement | null) {
    rate(message, value === given ? 0 : value, '');
    setAsking(value === given ? null : anchor);
  }

  function item(icon: LucideIcon, label: string, action: () => void, look = '') {
    const Icon = icon;
    const choose = () => {
      setMenu(null);
      action();
    };
    return (
      <button key={label} type="button" role="menuitem" className={`${MENU_ITEM} ${look}`} onClick={choose}>
        <Icon strokeWidth={1.75} aria-hidden />
        {label}
      </button>
    );
  }

  return (
    <div className="flex items-center">
      {thumbs.map(({ value, icon, label }) => (
        <SmallButton
          key={value}
          icon={icon}
          label={label}
          aria-pressed={given === value}
          className={`${PRESSED} pointer-coarse:hidden`}
          onClick={(event) => press(value, event.currentTarget)}
        />
      ))}
      <SmallButton
        icon={Ellipsis}
        label={words.more}
        aria-haspopup="menu"
        aria-expanded={menu !== null}
        onClick={(event) => setMenu(event.currentTarget)}
      />
      {menu && (
        <Menu label={words.more} anchor={menu} onClose={() => setMenu(null)}>
          {thumbs.map(({ value, icon, label }) =>
            item(icon, given === value ? words.unrate : label, () => press(value, menu), 'not-pointer-coarse:hidden'),
          )}
          {item(GitFork, words.fork, () => fork(message))}
          {!busy && item(Trash2, words.remove, () => remove(message), DANGER)}
        </Menu>
      )}
      {asking && (
        <Popup label={words.why} anchor={asking} onClose={() => setAsking(null)} className="w-80">
          <Comment
            onSend={(comment) => {
              setAsking(null);
              if (comment !== '') rate(message, given, comment);
            }}
          />
        </Popup>
      )}
    </div>
  );
}

const DANGER = 'text-danger [&_svg]:text-danger! hover:bg-danger-soft focus-visible:bg-danger-soft';

/** The rating holds already: a word to it is for those who have one. */
function Comment({ onSend }: { onSend(comment: string): void }) {
  const id = useId();
  const [text, setText] = useState('');
  function send(event: FormEvent) {
    event.preventDefault();
    onSend(text.trim());
  }
  return (
    <form onSubmit={send} className="flex flex-col gap-3 p-4">
      <label htmlFor={id} className="text-sm font-medium">
        {words.why}
      </label>
      <textarea
        id={id}
        data-first
        rows={3}
        maxLength={LONGEST}
        dir="auto"
        placeholder={words.whyPlaceholder}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        className="field resize-none py-2 text-sm"
      />
      <button type="submit" className="button button-primary self-end">
        {text.trim() === '' ? words.whySkip : words.whySend}
      </button>
    </form>
  );
}
