import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followSwipeDown } from './swipeDown';

let sheet: HTMLElement;
let close: ReturnType<typeof vi.fn<() => void>>;
let stop: () => void;

beforeEach(() => {
  document.body.innerHTML = '<div id="sheet"><div id="body"><input type="range"><p>text</p></div></div>';
  sheet = document.getElementById('sheet')!;
  close = vi.fn<() => void>();
  stop = followSwipeDown(sheet, close);
});

afterEach(() => stop());

function touch(type: string, selector: string, x: number, y: number): void {
  const event = new Event(type, { bubbles: true });
  Object.assign(event, { touches: type === 'touchend' ? [] : [{ clientX: x, clientY: y }] });
  document.querySelector(selector)!.dispatchEvent(event);
}

function swipe(selector: string, dx: number, dy: number): void {
  touch('touchstart', selector, 0, 0);
  for (const part of [0.3, 0.6, 1]) touch('touchmove', selector, part * dx, part * dy);
  touch('touchend', selector, dx, dy);
}

test('a swipe down closes', () => {
  swipe('p', 0, 200);
  expect(close).toHaveBeenCalledOnce();
});

test('it follows the finger', () => {
  touch('touchstart', 'p', 0, 0);
  touch('touchmove', 'p', 0, 40);
  expect(sheet.style.translate).toBe('0 40px');
});

test('not sideways, not up, not on a slider, and not while there is something to scroll back', () => {
  swipe('p', 150, 60);
  swipe('p', 0, -200);
  swipe('input', 0, 200);
  document.getElementById('body')!.scrollTop = 50;
  swipe('p', 0, 200);
  expect(close).not.toHaveBeenCalled();
});
