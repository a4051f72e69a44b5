import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { copyText } from '../../clipboard';
import { strings } from '../../strings';
import { announce } from './announce';
import { IconButton } from './IconButton';

/** How long the button shows that it has copied, in milliseconds. */
const SHOWN_MS = 2000;

interface Props {
  text: string;
  label: string;
  /** Shown beside the picture. */
  words?: string;
}

/** Copies `text`; shows “Copied” on the button and announces it. */
export function CopyButton({ text, label, words: shown }: Props) {
  const [result, setResult] = useState('');
  useEffect(() => {
    if (result === '') return;
    const timer = setTimeout(() => {
      setResult('');
      announce('');
    }, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [result]);

  async function copy() {
    const words = (await copyText(text)) ? strings.copy.done : strings.copy.failed;
    setResult(words);
    announce(words);
  }

  const done = result === strings.copy.done;
  if (shown) {
    const Icon = done ? Check : Copy;
    return (
      <button
        type="button"
        aria-label={result || label}
        className="inline-flex min-h-8 shrink-0 items-center gap-1.5 rounded-control px-2 text-xs font-medium text-ink-muted hover:bg-line/50 hover:text-ink pointer-coarse:min-h-11"
        onClick={() => void copy()}
      >
        <Icon className={`size-3.5 ${done ? 'rounded-sm bg-accent text-on-accent' : ''}`} aria-hidden />
        {done ? strings.copy.done : shown}
      </button>
    );
  }
  return (
    <IconButton
      icon={done ? Check : Copy}
      label={result || label}
      className="size-8! [&_svg]:size-4 pointer-coarse:size-11!"
      onClick={() => void copy()}
    />
  );
}
