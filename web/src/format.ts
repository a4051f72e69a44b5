/** Numbers, times, sizes and lists by the rules of the page's language. */
import { locale } from './language/locale';

/** Made with its first use: the rules of a language take milliseconds to load, and the page's start needs few of them. */
export function madeLate<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => (made ??= make());
}

function numbers(options: Intl.NumberFormatOptions): () => Intl.NumberFormat {
  return madeLate(() => new Intl.NumberFormat(locale, options));
}

const time = madeLate(() => new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' }));
const dateTime = madeLate(() => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }));
const list = madeLate(() => new Intl.ListFormat(locale, { type: 'conjunction' }));
const whole = numbers({ maximumFractionDigits: 0 });
const percent = numbers({ style: 'percent', maximumFractionDigits: 0 });
const gigabytes = numbers({ style: 'unit', unit: 'gigabyte', maximumFractionDigits: 1 });
const megabytes = numbers({ style: 'unit', unit: 'megabyte', maximumFractionDigits: 0 });
const smallKilobytes = numbers({ style: 'unit', unit: 'kilobyte', maximumSignificantDigits: 2 });
const smallMegabytes = numbers({ style: 'unit', unit: 'megabyte', maximumSignificantDigits: 2 });
const precise = numbers({ maximumSignificantDigits: 3 });
const seconds = numbers({ maximumFractionDigits: 2 });

/** Characters per token, for estimates; the server uses the same number. */
const CHARACTERS_PER_TOKEN = 4;

/** The time of day; with the date when it was not today. */
export function formatTime(iso: string, now: Date = new Date()): string {
  const date = new Date(iso);
  return date.toDateString() === now.toDateString() ? time().format(date) : dateTime().format(date);
}

/** The date with the time of day. */
export function formatDate(iso: string): string {
  return dateTime().format(new Date(iso));
}

export function formatCount(value: number): string {
  return whole().format(value);
}

export function formatShare(value: number): string {
  return percent().format(value);
}

/** Without the unit, which the catalogue has. */
export function formatSeconds(value: number): string {
  return seconds().format(value);
}

/** “a, b and c”. */
export function formatList(items: string[]): string {
  return list().format(items);
}

/**
 * What is known of a thing, in one line; what is empty is left out. Where the page runs from right to left each fact
 * is set apart: else a number goes to the Latin name before it, away from its unit.
 */
export function formatFacts(facts: readonly (string | null | undefined | false)[]): string {
  const known = facts.filter(Boolean);
  const apart = globalThis.document?.dir === 'rtl';
  return known.map((fact) => (apart ? `\u2068${fact}\u2069` : fact)).join(' · ');
}

/** To three digits. */
export function formatSpeed(value: number): string {
  return precise().format(value);
}

/** Decimal sizes, as model lists give them: 638 MB, 2.0 GB. */
export function formatBytes(bytes: number): string {
  return bytes < 1e9 ? megabytes().format(bytes / 1e6) : gigabytes().format(bytes / 1e9);
}

/** The size of a file, to two digits: 3.4 kB, 12 MB. */
export function formatFileSize(bytes: number): string {
  if (bytes >= 99.5e6) return formatBytes(bytes);
  return bytes < 995e3 ? smallKilobytes().format(Math.max(100, bytes) / 1e3) : smallMegabytes().format(bytes / 1e6);
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A duration in its largest whole unit. */
export function formatDuration(ms: number): string {
  const length = Math.max(0, Math.round(ms / 1000));
  const [unit, size] = UNITS.find((entry) => length >= entry[1]) ?? UNITS[3];
  const format = { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 } as const;
  return new Intl.NumberFormat(locale, format).format(Math.floor(length / size));
}

export function estimateTokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
