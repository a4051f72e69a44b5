import { Component, type RefObject } from 'react';

interface Props {
  /** The id of the first message; when it changes, older messages may have been added above. */
  first: string | undefined;
  scroller: RefObject<HTMLElement | null>;
}

interface Snapshot {
  element: Element;
  top: number;
}

/**
 * Keeps the reading position while messages are added above it. Some browsers do that by
 * themselves, but none at the very top. (A class, because only a class is asked just before the
 * page changes.)
 */
export class KeepPlace extends Component<Props> {
  override getSnapshotBeforeUpdate(before: Props): Snapshot | null {
    const box = this.props.scroller.current;
    if (!box || before.first === this.props.first) return null;
    const edge = box.getBoundingClientRect().top;
    for (const element of box.querySelectorAll('article')) {
      const { top, bottom } = element.getBoundingClientRect();
      if (bottom > edge) return { element, top };
    }
    return null;
  }

  override componentDidUpdate(_props: Props, _state: unknown, snapshot: Snapshot | null): void {
    const box = this.props.scroller.current;
    if (!box || !snapshot?.element.isConnected) return;
    const moved = snapshot.element.getBoundingClientRect().top - snapshot.top;
    if (moved !== 0) box.scrollTop += moved;
  }

  override render(): null {
    return null;
  }
}
