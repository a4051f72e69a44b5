import { Component } from 'react';

interface Snapshot {
  anchor: Node;
  anchorOffset: number;
  focus: Node;
  focusOffset: number;
}

/**
 * Keeps what is selected while the text around it grows: writing a longer text into a node moves
 * the ends of a selection in it. (A class, because only a class is asked just before the page
 * changes.)
 */
export class KeepSelection extends Component<{ text: string }> {
  override getSnapshotBeforeUpdate(): Snapshot | null {
    const selection = document.getSelection();
    if (!selection?.anchorNode || !selection.focusNode || selection.isCollapsed) return null;
    const { anchorNode: anchor, anchorOffset, focusNode: focus, focusOffset } = selection;
    return { anchor, anchorOffset, focus, focusOffset };
  }

  override componentDidUpdate(_props: unknown, _state: unknown, before: Snapshot | null): void {
    const selection = document.getSelection();
    if (!before || !selection) return;
    const { anchor, anchorOffset, focus, focusOffset } = before;
    const moved = selection.anchorNode !== anchor || selection.anchorOffset !== anchorOffset ||
      selection.focusNode !== focus || selection.focusOffset !== focusOffset;
    if (!moved || !anchor.isConnected || !focus.isConnected) return;
    if (anchorOffset > lengthOf(anchor) || focusOffset > lengthOf(focus)) return;
    selection.setBaseAndExtent(anchor, anchorOffset, focus, focusOffset);
  }

  override render(): null {
    return null;
  }
}

function lengthOf(node: Node): number {
  return node.nodeType === Node.TEXT_NODE ? (node.nodeValue ?? '').length : node.childNodes.length;
}
