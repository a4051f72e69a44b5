import { useQueryClient } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import { api, type SignedIn } from '../../transport/api';
import { formatCount } from '../../format';
import type { Me } from '../../protocol';
import { signInAddress } from '../../signIn';
import { run } from '../../state/commands';
import { strings } from '../../strings';
import { aroundStrings } from '../../strings/around';
import { ModalDialog } from '../ui/ModalDialog';

interface Props {
  onSignedIn(): void;
  onClose(): void;
}

const words = aroundStrings.signIn;

/** Signs in without leaving the page: thread, draft and place stay as they are. */
export function SignInDialog({ onSignedIn, onClose }: Props) {
  const client = useQueryClient();
  const [name, setName] = useState(() => client.getQueryData<Me>(['me'])?.username ?? '');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    const result = await api.signIn(name, password).catch(() => 'no answer' as const);
    setBusy(false);
    if (result !== 'yes') return setProblem(tell(result));
    void client.invalidateQueries();
    onSignedIn();
    onClose();
    // What had the focus before, the link to this dialog, goes with it.
    requestAnimationFrame(() => run('focusComposer'));
  }

  return (
    <ModalDialog
      label={strings.connection.signIn}
      onClose={onClose}
      className="m-auto w-[min(24rem,calc(100%-2rem))] rounded-card p-6"
    >
      <h2 className="text-lg font-semibold">{strings.connection.signIn}</h2>
      <p className="mt-1 text-sm text-ink-muted">{words.body}</p>
      <form onSubmit={(event) => void submit(event)} className="mt-5 flex flex-col gap-4">
        <Field label={words.userName} autoComplete="username" value={name} onChange={setName} focus={name === ''} />
        <Field
          label={words.password}
          type="password"
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
          focus={name !== ''}
        />
        {problem && (
          <p role="alert" className="rounded-control bg-danger-soft px-3.5 py-2.5 text-sm">
            {problem}
          </p>
        )}
        <div className="mt-1 flex flex-wrap items-center justify-end gap-2">
          <a className="link me-auto py-2.5 text-sm" href={signInAddress()}>
            {words.page}
          </a>
          <button type="button" className="button button-quiet" onClick={onClose}>
            {words.cancel}
          </button>
          <button type="submit" className="button button-primary" disabled={busy || name === '' || password === ''}>
            {words.submit}
          </button>
        </div>
      </form>
    </ModalDialog>
  );
}

function tell(result: Exclude<SignedIn, 'yes'> | 'no answer'): string {
  if (typeof result === 'object') return words.blocked(formatCount(result.blocked));
  return { 'no answer': words.noAnswer, stale: words.stale, wrong: words.wrong }[result];
}

interface FieldProps {
  label: string;
  type?: string;
  autoComplete: string;
  value: string;
  focus: boolean;
  onChange(value: string): void;
}

function Field({ label, type = 'text', autoComplete, value, focus, onChange }: FieldProps) {
  const id = useId();
  const [first] = useState(focus);
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
        {label}
      </label>
      <input
        id={id}
        className="field"
        type={type}
        autoComplete={autoComplete}
        autoCapitalize="none"
        spellCheck={false}
        // Where a dialog begins.
        data-first={first || undefined}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </div>
  );
}
