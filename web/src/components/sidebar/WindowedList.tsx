import { useEffect, useMemo, useRef, useState } from 'react';
import type { Group } from '../../state/groups';
import { aroundStrings } from '../../strings/around';
import { useMediaQuery } from '../ui/useMediaQuery';
import { ConversationRow } from './ConversationRow';
import { layOut, type Item } from './layout';
import { RowMenu } from './RowMenu';
import { useActions } from './useActions';
import { reveal, useRowKeys } from './useRowKeys';
import { useWindow } from './useWindow';

interface Props {
  groups: Group[];
  current: string | null;
  /** There are older ones to be read. */
  more: boolean;
  failed: boolean;
  onMore(): void;
}

const ROW_REM = 2.5;
const ROW_TOUCH_REM = 2.75;
const HEAD_REM = 2.25;
/** This many rows before the end the next page is asked for. */
const AHEAD = 25;

/** The rows that can be seen, and no others: ten thousand scroll as well as ten. */
export function WindowedList({ groups, current, more, failed, onMore }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const touch = useMediaQuery('(pointer: coarse)');
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  const layout = useMemo(
    () => layOut(groups, (touch ? ROW_TOUCH_REM : ROW_REM) * rem, HEAD_REM * rem),
    [groups, touch, rem],
  );
  const { first, last } = useWindow(scroller, layout.tops);
  const [chosen, setActive] = useState<string | null>(null);
  const [renaming, setRenaming] = useState<string | null>(null);
  const [menu, setMenu] = useState<{ id: string; anchor: HTMLElement } | null>(null);
  const actions = useActions();
  const has = (id: string | null) => id !== null && layout.rows.some((row) => row.id === id);
  const active = has(chosen) ? chosen : has(current) ? current : (layout.rows[0]?.id ?? null);
  const find = (id: string | undefined) => layout.rows.find((row) => row.id === id);

  function remove(id: string) {
    const row = find(id);
    if (!row) return;
    const at = layout.rows.indexOf(row);
    // The neighbour takes the focus before the row goes.
    focusRow(at + 1 < layout.rows.length ? at + 1 : at - 1);
    actions.remove(row);
  }
  const { onKeyDown, focusRow } = useRowKeys({
    layout, scroller, active, onActive: setActive, onRename: setRenaming, onRemove: remove,
  });
  useEffect(() => {
    if (more && !failed && last > layout.items.length - AHEAD) onMore();
  }, [more, failed, last, layout, onMore]);

  // The open chat is in sight, wherever it was opened from.
  const revealed = useRef<string | null>(null);
  useEffect(() => {
    const at = layout.items.findIndex((item) => isRow(item, current));
    if (at < 0 || revealed.current === current) return;
    revealed.current = current;
    reveal(scroller.current, layout.tops[at]!, layout.tops[at + 1]!);
  }, [current, layout]);

  const placed = (item: Item, index: number) => ({ item, top: layout.tops[index]! });
  const shown = layout.items.slice(first, last + 1).map((item, at) => placed(item, first + at));
  // The row with the focus, or the one that Tab reaches, stays in the page.
  const activeAt = layout.items.findIndex((item) => isRow(item, active));
  if (activeAt >= 0 && activeAt < first) shown.unshift(placed(layout.items[activeAt]!, activeAt));
  if (activeAt > last) shown.push(placed(layout.items[activeAt]!, activeAt));
  const menuRow = find(menu?.id);
  return (
    <div
      ref={scroller}
      role="presentation"
      onKeyDown={onKeyDown}
      className="scroll-quiet mt-1 min-h-0 flex-1 touch-pan-y touch-pinch-zoom overflow-y-auto overscroll-contain low:min-h-56 low:shrink-0"
    >
      <div className="relative" style={{ height: layout.tops.at(-1) }}>
        {groups.map(({ name }, group) => {
          const members = shown.filter(({ item }) => item.group === group);
          if (members.length === 0) return null;
          const head = members.find(({ item }) => item.kind === 'head');
          return (
            <div key={name}>
              {head && (
                <p
                  aria-hidden
                  className="absolute inset-x-0 flex h-9 items-end px-5 pb-1.5 text-xs font-semibold text-ink-muted"
                  style={{ top: head.top }}
                >
                  {name}
                </p>
              )}
              <ul aria-label={name}>
                {members.map(({ item, top }) =>
                  item.kind === 'row' ? (
                    <ConversationRow
                      key={item.row.id}
                      row={item.row}
                      top={top}
                      current={item.row.id === current}
                      inTabOrder={item.row.id === active}
                      renaming={item.row.id === renaming}
                      menuOpen={item.row.id === menu?.id}
                      onOpen={actions.open}
                      onActive={setActive}
                      onMenu={setMenu}
                      onRename={(title) => {
                        setRenaming(null);
                        focusRow(item.at);
                        if (title !== null) actions.rename(item.row, title);
                      }}
                    />
                  ) : null,
                )}
              </ul>
            </div>
          );
        })}
      </div>
      {failed && (
        <p className="px-5 pb-4 text-center text-sm text-ink-muted">
          {aroundStrings.sidebar.moreFailed}{' '}
          <button type="button" className="link min-h-11" onClick={onMore}>
            {aroundStrings.sidebar.reload}
          </button>
        </p>
      )}
      {menu && menuRow && (
        <RowMenu
          row={menuRow}
          anchor={menu.anchor}
          actions={actions}
          onRename={() => setRenaming(menuRow.id)}
          onRemove={() => remove(menuRow.id)}
          onClose={() => setMenu(null)}
        />
      )}
    </div>
  );
}

function isRow(item: Item, id: string | null): boolean {
  return item.kind === 'row' && item.row.id === id;
}
