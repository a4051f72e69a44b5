import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { copyText } from '../../clipboard';
import { strings } from '../../strings';
import { announce } from './announce';
import { IconButton } from './IconButton';

/** How long the button shows that it has copied, in milliseconds. */
const SHOWN_MS = 2000;

/** Copies `text`; shows “Copied” on the button and announces it. */
export function CopyButton({ text, label }: { text: string; label: string }) {
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

  return (
    <IconButton
      icon={result === strings.copy.done ? Check : Copy}
      label={result || label}
      className="size-8! [&_svg]:size-4 pointer-coarse:size-11!"
      onClick={() => void copy()}
    />
  );
}
