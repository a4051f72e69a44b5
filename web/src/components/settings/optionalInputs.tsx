import { useState } from 'react';
import { strings } from '../../strings';

/** As the server takes them. */
const MOST_TEXTS = 16;
const LONGEST = 200;

interface NumberProps {
  id: string;
  value: number | undefined;
  min: number;
  max: number;
  step: number;
  onChange(value: number | null): void;
}

/** A number that may be missing. It takes effect as soon as it is in bounds. */
export function NumberField({ id, value, min, max, step, onChange }: NumberProps) {
  const [typed, setTyped] = useState<string>();

  function change(text: string) {
    setTyped(text);
    const number = Number.parseFloat(text);
    if (text === '') onChange(null);
    else if (number >= min && number <= max && (step !== 1 || Number.isInteger(number))) onChange(number);
  }

  return (
    <input
      id={id}
      type="number"
      inputMode="decimal"
      aria-describedby={`${id}-help`}
      className="field min-h-9 text-sm tabular-nums pointer-coarse:min-h-11"
      placeholder={strings.optional.unset}
      min={min}
      max={max}
      step={step}
      value={typed ?? value ?? ''}
      onChange={(event) => change(event.currentTarget.value)}
      onBlur={() => setTyped(undefined)}
    />
  );
}

interface TextsProps {
  id: string;
  value: string[] | undefined;
  onChange(value: string[] | null): void;
}

/** Texts, one a line. */
export function TextsField({ id, value, onChange }: TextsProps) {
  const [typed, setTyped] = useState<string>();

  function change(text: string) {
    setTyped(text);
    const lines = text.split('\n').filter((line) => line !== '');
    const texts = lines.slice(0, MOST_TEXTS).map((line) => line.slice(0, LONGEST));
    onChange(texts.length > 0 ? texts : null);
  }

  return (
    <textarea
      id={id}
      rows={2}
      dir="auto"
      aria-describedby={`${id}-help`}
      className="field auto-grow max-h-32 resize-none py-2 font-mono text-sm placeholder:font-sans"
      placeholder={strings.optional.unset}
      value={typed ?? value?.join('\n') ?? ''}
      onChange={(event) => change(event.currentTarget.value)}
      onBlur={() => setTyped(undefined)}
    />
  );
}
