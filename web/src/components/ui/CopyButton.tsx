import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { copyText } from '../../clipboard';
import { strings } from '../../strings';
import { announce } from './announce';
import { IconButton } from './IconButton';

/** How long the button says that it has done its work, in milliseconds. */
const SHOWN_MS = 2000;

/** Copies `text`; says “Copied” on itself and to a screen reader. */
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
    const said = (await copyText(text)) ? strings.copy.done : strings.copy.failed;
    setResult(said);
    announce(said);
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
