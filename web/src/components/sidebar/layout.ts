import type { Conversation } from '../../protocol';
import type { Group } from '../../state/groups';

export type Item =
  | { kind: 'head'; name: string; group: number }
  | { kind: 'row'; row: Conversation; group: number; at: number };

export interface Layout {
  items: Item[];
  /** Where each begins and, last, where the list ends, in pixels. */
  tops: number[];
  /** The rows alone, in order. */
  rows: Conversation[];
}

const EDGE_PX = 8;

/** Every item has a known height, so that only the visible ones are laid out. */
export function layOut(groups: readonly Group[], rowHeight: number, headHeight: number): Layout {
  const items: Item[] = [];
  const tops: number[] = [];
  const rows: Conversation[] = [];
  let y = 0;
  groups.forEach(({ name, rows: members }, group) => {
    items.push({ kind: 'head', name, group });
    tops.push(y);
    y += headHeight;
    for (const row of members) {
      items.push({ kind: 'row', row, group, at: rows.length });
      tops.push(y);
      rows.push(row);
      y += rowHeight;
    }
  });
  tops.push(y + EDGE_PX);
  return { items, tops, rows };
}
