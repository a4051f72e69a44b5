import { ArrowUp, ListEnd, Square } from 'lucide-react';
import {
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  type ChangeEvent,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
} from 'react';
import { strings } from '../../strings';
import { announce } from '../ui/announce';
import { autoGrow } from '../ui/autoGrow';
import { isTouch } from '../ui/pointer';
import { tip } from '../ui/Tooltips';
import { whyUnsendable } from './sendable';
import type { Suggestions } from './usePrompts';

/** What others may do with the composer. */
export interface ComposerHandle {
  focus(): void;
}

interface Props {
  text: string;
  onChange(text: string): void;
  /** The text may be empty when there are files. */
  onSend(content: string): void;
  onStop(): void;
  /** A reply runs: a message sent now is queued. */
  busy: boolean;
  /** ArrowUp in the empty field: edits the last own message. */
  onEditLast?: () => void;
  /** Before the field: the way to add files. */
  attach?: ReactNode;
  /** On top of the field, inside its frame: the files of the message. */
  files?: ReactNode;
  /** Why the message cannot be sent yet. */
  blocked?: string | null;
  /** A text was pasted into the field. */
  onPasteText?: (text: string) => void;
  /** On top of the field: the queued messages. */
  queued?: ReactNode;
  /** Above the field: why something was not sent. */
  notice?: ReactNode;
  /** Below the field while busy: the phase of the reply. */
  activity?: ReactNode;
  /** Below the field, at its beginning: the model that answers. */
  model?: ReactNode;
  /** Below the field, at its end. */
  meter?: ReactNode;
  /** For a text that asks for some, such as `/`. */
  suggestions?: Suggestions | undefined;
  ref?: Ref<ComposerHandle>;
}

/**
 * The field to write in. Enter sends and Shift+Enter breaks the line; on touch screens, where there
 * is no Shift to hold, Enter breaks the line. Nothing is sent while an input method composes.
 */
export function Composer(props: Props) {
  const { text, onChange, onSend, onStop, onEditLast, busy, attach, files, blocked = null, onPasteText, suggestions, ref } = props;
  const { queued, notice, activity, model, meter } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const pasted = useRef('');
  /** The text just sent, while the field still shows it: a second Enter sends nothing. */
  const sent = useRef<string>(null);
  const hasFiles = files !== undefined;
  useEffect(() => {
    if (sent.current !== text || !hasFiles) sent.current = null;
  }, [text, hasFiles]);
  const empty = text.trim() === '' && !hasFiles;
  const problem = whyUnsendable(text);
  useLayoutEffect(() => autoGrow(field.current));
  useImperativeHandle(ref, () => ({ focus: () => focusAtEnd(field.current) }), []);
  // Before the first paint: keys typed as soon as the field shows must go into it.
  useLayoutEffect(() => {
    if (!isTouch()) focusAtEnd(field.current);
  }, []);

  function send() {
    if (blocked) announce(blocked);
    if (empty || problem || blocked || sent.current === text) return;
    sent.current = text;
    onSend(text.trim());
    // On a touch screen the keyboard would cover half of the reply.
    if (isTouch()) field.current?.blur();
    else field.current?.focus();
  }

  function stop() {
    onStop();
    field.current?.focus();
  }

  function onInput({ currentTarget: { value } }: ChangeEvent<HTMLTextAreaElement>) {
    onChange(value);
    // The field has line ends of one kind.
    if (pasted.current) onPasteText?.(pasted.current.replace(/\r\n?/g, '\n'));
    pasted.current = '';
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (suggestions?.onKeyDown(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === 'ArrowUp' && text === '' && !busy && onEditLast) {
      event.preventDefault();
      onEditLast();
    }
    if (event.key !== 'Enter' || event.shiftKey || isComposing(event) || isTouch()) return;
    event.preventDefault();
    if (!event.repeat) send();
  }

  return (
    <div className="mx-auto w-full max-w-column print:hidden px-3 pb-[max(0.5rem,env(safe-area-inset-bottom))] md:px-4">
      {notice}
      {queued}
      {problem && (
        <p id="composer-problem" role="alert" className="mb-1.5 px-3 text-sm text-danger">
          {problem}
        </p>
      )}
      <div className="relative rounded-sheet border border-line-strong bg-surface p-1.5 shadow-float focus-within:border-primary focus-within:outline-1 focus-within:outline-primary">
        {suggestions?.list}
        {files}
        <div className="flex items-end gap-1">
          {attach}
          <textarea
            id="composer"
            ref={field}
            rows={1}
            aria-label={strings.composer.label}
            placeholder={busy ? strings.composer.placeholderNext : strings.composer.placeholder}
            className="auto-grow scroll-quiet max-h-[min(8lh+1.125rem,40dvh)] low:max-h-[30dvh] min-h-11 min-w-0 flex-1 resize-none bg-transparent px-3 py-[0.5625rem] text-base outline-none"
            dir="auto"
            aria-invalid={problem !== null}
            aria-describedby={problem ? 'composer-problem' : undefined}
            {...suggestions?.attributes}
            enterKeyHint={isTouch() ? 'enter' : 'send'}
            value={text}
            onChange={onInput}
            onPaste={(event) => (pasted.current = event.clipboardData.getData('text/plain'))}
            onKeyDown={onKeyDown}
          />
          {busy && <StopButton quiet={!empty} onStop={stop} />}
          {!(busy && empty) && <SendButton next={busy} blocked={blocked} disabled={empty || problem !== null} onSend={send} />}
        </div>
      </div>
      <div className="@container">
        <div className="flex min-h-8 items-center gap-3 px-1.5 pt-1 low:min-h-7 low:pt-0 text-xs whitespace-nowrap text-ink-muted pointer-coarse:min-h-11 pointer-coarse:pt-0">
          <div className="flex max-w-1/2 min-w-16 shrink-0 pointer-coarse:max-w-none pointer-coarse:shrink">{model}</div>
          {/* Why it cannot send comes before any count. Who has counts to read knows the keys by now. */}
          <p className={`truncate ${blocked ? 'max-w-3/5 shrink-0' : `min-w-0 pointer-coarse:hidden ${busy ? '@max-[26rem]:hidden' : '@max-[34rem]:hidden [&:has(~div_[role=group])]:hidden'}`}`}>
            {blocked ?? (busy ? activity : strings.composer.hint)}
          </p>
          <div className={`ms-auto min-w-0 empty:hidden low:hidden ${blocked ? 'pointer-coarse:hidden' : ''}`}>{meter}</div>
        </div>
      </div>
    </div>
  );
}

interface SendButtonProps {
  /** It waits for the reply that runs. */
  next: boolean;
  /** Why it cannot send yet: its name then. */
  blocked: string | null;
  disabled: boolean;
  onSend(): void;
}

function SendButton({ next, blocked, disabled, onSend }: SendButtonProps) {
  const label = blocked ?? (next ? strings.composer.sendNext : strings.composer.send);
  const Icon = next ? ListEnd : ArrowUp;
  return (
    <button
      type="button"
      aria-label={label}
      {...tip(label)}
      disabled={disabled || blocked !== null}
      onClick={onSend}
      className={`${ROUND} bg-primary text-on-primary enabled:hover:bg-primary-strong disabled:bg-sunken disabled:text-ink-muted`}
    >
      <Icon className="size-5" aria-hidden />
    </button>
  );
}

/** @param quiet it stands beside Send, which is then what the eye looks for */
function StopButton({ quiet, onStop }: { quiet: boolean; onStop: () => void }) {
  const colors = quiet ? 'border-line-strong! text-ink hover:bg-sunken' : 'bg-accent text-on-accent hover:bg-accent/80';
  return (
    <button
      type="button"
      aria-label={strings.composer.stop}
      {...tip(strings.composer.stop)}
      data-tip-keys="Esc"
      onClick={onStop}
      className={`${ROUND} ${colors}`}
    >
      <Square className={`fill-current ${quiet ? 'size-3.5' : 'size-4'}`} aria-hidden />
    </button>
  );
}

const ROUND =
  'inline-grid size-11 shrink-0 place-items-center rounded-full border border-transparent transition-colors';

function isComposing(event: KeyboardEvent): boolean {
  // 229: Safari ends the composition just before the key that ended it.
  return event.nativeEvent.isComposing || event.keyCode === 229;
}

function focusAtEnd(field: HTMLTextAreaElement | null): void {
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}
