import { useId, useState, type CSSProperties } from 'react';
import type { Bounds } from '../../protocol';
import { strings } from '../../strings';

interface Props {
  name: string;
  help: string;
  value: number;
  bounds: Bounds;
  onChange(value: number): void;
}

/** One number in two ways: a slider to feel, a field to set. */
export function ParameterField({ name, help, value, bounds, onChange }: Props) {
  const id = useId();
  return (
    <div>
      <div className="flex items-center justify-between gap-3">
        <label htmlFor={id} className="text-sm font-medium">
          {name}
        </label>
        <NumberField name={name} value={value} bounds={bounds} onChange={onChange} />
      </div>
      <input
        id={id}
        type="range"
        className="slider"
        aria-describedby={`${id}-help`}
        min={bounds.min}
        max={bounds.max}
        step={bounds.step}
        value={value}
        style={{ '--share': (value - bounds.min) / (bounds.max - bounds.min) } as CSSProperties}
        onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
      <p id={`${id}-help`} className="text-xs text-ink-muted">
        {help}
      </p>
    </div>
  );
}

/** Digits after the point that a step can reach: 2 for 0.05. */
function decimals(step: number): number {
  return String(step).split('.')[1]?.length ?? 0;
}

type NumberProps = Omit<Props, 'help'>;

/** A value takes effect as soon as it is in bounds; leaving the field clamps it. */
function NumberField({ name, value, bounds, onChange }: NumberProps) {
  const [typed, setTyped] = useState<string>();

  function change(text: string) {
    setTyped(text);
    const number = Number.parseFloat(text);
    if (number >= bounds.min && number <= bounds.max) onChange(number);
  }

  function settle() {
    const number = Number.parseFloat(typed ?? '');
    if (!Number.isNaN(number)) onChange(Math.min(bounds.max, Math.max(bounds.min, number)));
    setTyped(undefined);
  }

  return (
    <input
      type="number"
      inputMode="decimal"
      aria-label={strings.settings.number(name)}
      className="field min-h-9 w-20 px-2 text-end text-sm tabular-nums pointer-coarse:min-h-11"
      min={bounds.min}
      max={bounds.max}
      step={bounds.step}
      value={typed ?? value.toFixed(decimals(bounds.step))}
      onChange={(event) => change(event.currentTarget.value)}
      onBlur={settle}
      onKeyDown={(event) => event.key === 'Enter' && settle()}
    />
  );
}
