/** Conversations by day: Today, Yesterday, Previous 7 days, then by month. */
import type { Conversation } from '../protocol';
import { madeLate } from '../format';
import { locale } from '../language/locale';
import { aroundStrings } from '../strings/around';

const DAY_MS = 24 * 60 * 60 * 1000;
const month = madeLate(() => new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric' }));

export interface Group {
  name: string;
  rows: Conversation[];
}

/** In the order of the rows, which are newest first. `now` in milliseconds. */
export function groupByDay(rows: readonly Conversation[], now: number): Group[] {
  const groups: Group[] = [];
  let name = '';
  // Rows of one day have one name: ten thousand of them are on a few hundred days.
  let day = Infinity;
  for (const row of rows) {
    const time = Date.parse(row.updated_at);
    if (time < day || groups.length === 0) {
      day = startOfDay(time);
      name = groupName(time, now);
    }
    const last = groups.at(-1);
    if (last?.name === name) last.rows.push(row);
    else groups.push({ name, rows: [row] });
  }
  return groups;
}

function groupName(time: number, now: number): string {
  const { today, yesterday, week } = aroundStrings.sidebar;
  const days = Math.round((startOfDay(now) - startOfDay(time)) / DAY_MS);
  if (days <= 0) return today;
  if (days === 1) return yesterday;
  return days <= 7 ? week : month().format(time);
}

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}
