import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { enhance } from './modelChoice';
import { readChoice, writeChoice } from './modelLines';

const answers: object[] = [];

beforeEach(() => {
  document.documentElement.lang = 'en';
  answers.length = 0;
  vi.stubGlobal('fetch', async () => {
    const answer = answers.shift();
    if (!answer) throw new TypeError('no network');
    return Response.json(answer);
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.innerHTML = '';
});

function page(lines: string): { area: HTMLTextAreaElement; form: HTMLFormElement } {
  document.body.innerHTML = `<form><input name="base_url" value="http://models">
    <div data-models-at="/m" data-all="All" data-only="Only" data-search="Search" data-tick="Tick all" data-untick="Untick all"
      data-count="{ticked} of {total}" data-add="Add {name}" data-label="Label" data-label-of="Label of {name}" data-load="Load"
      data-loading="Loading" data-unlisted="not listed" data-failed="Failed" data-none="Tick one">
      <label for="f">Models</label><textarea id="f" name="offered"></textarea><p id="f-hint"></p></div></form>`;
  const area = document.querySelector('textarea')!;
  area.value = lines;
  enhance(document.querySelector<HTMLElement>('[data-models-at]')!);
  return { area, form: document.querySelector('form')! };
}

function names(): string[] {
  return [...document.querySelectorAll<HTMLElement>('[role=group] > div')].filter((row) => !row.hidden).map((row) => row.querySelector('bdi')!.textContent);
}

function box(name: string): HTMLInputElement {
  const row = [...document.querySelectorAll('[role=group] > div')].find((one) => one.querySelector('bdi')!.textContent === name)!;
  return row.querySelector('input')!;
}

function type(words: string): HTMLInputElement {
  const search = document.querySelector<HTMLInputElement>('[type=search]')!;
  search.value = words;
  search.dispatchEvent(new Event('input'));
  return search;
}

function press(at: Element, key: string): void {
  at.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
}

function button(name: string): HTMLButtonElement {
  return [...document.querySelectorAll('button')].find(({ textContent }) => textContent === name)!;
}

async function said(words: string): Promise<void> {
  await vi.waitFor(() => expect(document.querySelector('[role=status]')!.textContent).toBe(words));
}

test.each([
  ['', true, []],
  ['a\n\n b = The = B ', false, [['a', ''], ['b', 'The = B']]],
  ['*\nb = B', true, [['b', 'B']]],
] as const)('the lines %j', (text, every, labels) => {
  const choice = readChoice(text);
  expect([choice.every, [...choice.labels]]).toEqual([every, labels]);
  expect(readChoice(writeChoice(choice))).toEqual(choice);
});

test('some are ticked, by the list, by a search, and by a name that the list has not', async () => {
  answers.push({ ok: true, said: 'It has 3.', models: ['b', 'big/one', 'big/two'] });
  const { area } = page('b = B\ngone');
  await said('It has 3.');
  expect(names()).toEqual(['b', 'gone', 'big/one', 'big/two']);
  expect([box('b').checked, box('big/one').checked]).toEqual([true, false]);
  const note = [...document.querySelectorAll('span')].filter(({ textContent, hidden }) => textContent === 'not listed' && !hidden);
  expect(note.map((one) => one.parentElement!.firstChild!.textContent)).toEqual(['gone']);

  box('gone').click();
  expect(area.value).toBe('b = B');
  type('big');
  expect(names()).toEqual(['big/one', 'big/two']);
  button('Tick all').click();
  expect(area.value).toBe('b = B\nbig/one\nbig/two');
  press(type('mine'), 'Enter');
  expect(area.value).toBe('b = B\nbig/one\nbig/two\nmine');
  expect(document.body.textContent).toContain('4 of 5');
});

test('the keys of the list', async () => {
  answers.push({ ok: true, said: 'It has 2.', models: ['a', 'b'] });
  page('a');
  await said('It has 2.');
  const search = document.querySelector('[type=search]')!;
  press(search, 'ArrowDown');
  expect(document.activeElement).toBe(box('a'));
  press(box('a'), 'End');
  expect(document.activeElement).toBe(box('b'));
  // One stop for the Tab key.
  expect([box('a').tabIndex, box('b').tabIndex]).toEqual([-1, 0]);
  press(box('b'), 'ArrowUp');
  press(box('a'), 'ArrowUp');
  expect(document.activeElement).toBe(search);
});

test('all of them have no list, and labels stay', async () => {
  answers.push({ ok: true, said: 'It has 1.', models: ['a'] });
  const { area } = page('*\nb = B');
  expect(names()).toEqual(['b']);
  document.querySelector<HTMLInputElement>('[value=only]')!.click();
  await said('It has 1.');
  expect(area.value).toBe('b = B');
  box('a').click();
  document.querySelector<HTMLInputElement>('[value=all]')!.click();
  expect(area.value).toBe('*\nb = B');
});

test('a connection that does not answer, and a form that ticks none', async () => {
  const { area, form } = page('a');
  await said('Failed');
  box('a').click();
  const sent = new Event('submit', { cancelable: true });
  form.dispatchEvent(sent);
  expect([sent.defaultPrevented, document.querySelector<HTMLElement>('[role=alert]')!.hidden]).toEqual([true, false]);
  press(type('other'), 'Enter');
  expect([area.value, document.querySelector<HTMLElement>('[role=alert]')!.hidden]).toEqual(['other', true]);
  answers.push({ ok: true, said: 'It has 1.', models: ['z'] });
  button('Load').click();
  await said('It has 1.');
  expect(names()).toEqual(['other', 'z']);
});
