/**
 * The models of a connection as a list that can be ticked, in the place of the field *Models* of its
 * form. The field stays the one that is sent, so the form is the same without scripts: a line a
 * model, `name = label` where people see another name, and none (or `*`) for all.
 */
import { EVERY, readChoice, writeChoice, type Choice } from './modelLines';

/** Rows that Page Up and Page Down pass. */
const ROWS = 8;

interface Row {
  name: string;
  element: HTMLElement;
  box: HTMLInputElement;
  label: HTMLInputElement;
  note: HTMLElement;
}

interface Answer {
  ok: boolean;
  said: string;
  models: string[];
}

/** The list in the place of the text in `host`, whose data has the texts in the language of the page. */
class ModelChoice {
  readonly #words: Record<string, string>;
  readonly #choice: Choice;
  readonly #rows = new Map<string, Row>();
  /** What the connection's own list has; `null` until it has come. */
  #listed: Set<string> | null = null;
  #asked = 0;
  readonly #numbers = new Intl.NumberFormat(document.documentElement.lang);

  readonly #every: HTMLInputElement;
  readonly #only: HTMLInputElement;
  readonly #search = make('input', 'field border-0! border-b! border-line! rounded-none! text-sm! -outline-offset-2!');
  readonly #bar = make('div', 'flex flex-wrap items-center gap-x-1 border-b border-line px-2 py-1 text-xs text-ink-muted');
  readonly #count = make('span', 'me-auto px-1.5 tabular-nums');
  readonly #list = make('div', 'scroll-quiet max-h-80 overflow-y-auto py-1 empty:hidden');
  readonly #panel = make('div', 'mt-2 overflow-clip rounded-control border border-line-strong bg-surface');
  readonly #adder: HTMLButtonElement;
  readonly #warning = make('p', 'mt-1.5 text-sm text-danger');
  readonly #status = make('p', 'text-xs text-ink-muted');
  readonly #load: HTMLButtonElement;
  readonly #foot = make('div', 'mt-1.5 flex flex-wrap items-center gap-x-2');

  constructor(
    host: HTMLElement,
    private readonly area: HTMLTextAreaElement,
    private readonly form: HTMLFormElement,
  ) {
    this.#words = host.dataset as Record<string, string>;
    this.#choice = readChoice(area.value);
    const fieldset = make('fieldset', 'mt-5');
    const title = host.querySelector('label');
    const every = this.#makeRadio('all');
    const only = this.#makeRadio('only');
    [this.#every, this.#only] = [every.input, only.input];
    this.#adder = makeButton('', () => this.#addTyped());
    this.#adder.classList.add('m-1', 'max-w-full', 'overflow-hidden', 'text-ellipsis');
    this.#load = makeButton(this.#word('load'), () => void this.#fill());
    this.#load.classList.add('button-quiet');
    this.#warning.textContent = this.#word('none');
    this.#warning.hidden = true;
    this.#warning.setAttribute('role', 'alert');
    this.#status.setAttribute('role', 'status');
    this.#prepareSearch();
    this.#prepareList(title?.textContent ?? '');
    const tick = makeButton(this.#word('tick'), () => this.#tickShown(true));
    const untick = makeButton(this.#word('untick'), () => this.#tickShown(false));
    this.#bar.append(this.#count, tick, untick);
    this.#panel.append(this.#search, this.#bar, this.#list, this.#adder);
    this.#foot.append(this.#load, this.#status);
    const legend = make('legend', 'mb-1.5 block text-sm font-medium', title?.textContent ?? '');
    fieldset.append(legend, every.label, only.label, this.#panel, this.#warning, this.#foot);
    const error = this.#error();
    if (error) fieldset.setAttribute('aria-describedby', error.id);
    host.prepend(fieldset);
    // What the server says of the field stays.
    for (const replaced of [area, title, host.querySelector<HTMLElement>(`#${area.id}-hint`)]) {
      if (replaced) replaced.hidden = true;
    }
    form.addEventListener('submit', (event) => this.#refuseNone(event));
  }

  /** Shows what the field has, and asks for the list where some of it are chosen. */
  begin(): void {
    for (const name of this.#choice.labels.keys()) this.#addRow(name);
    (this.#choice.every ? this.#every : this.#only).checked = true;
    this.#show();
    if (!this.#choice.every && this.#isAddressed()) void this.#fill();
    if (this.#error()) this.#search.focus();
  }

  #error(): Element | null {
    return document.getElementById(`${this.area.id}-error`);
  }

  #word(name: string): string {
    return this.#words[name] ?? '';
  }

  #makeRadio(value: 'all' | 'only'): { label: HTMLElement; input: HTMLInputElement } {
    const label = make('label', 'flex min-h-8 items-center gap-2.5 text-sm pointer-coarse:min-h-11');
    const input = make('input', 'size-4 shrink-0 pointer-coarse:size-5');
    input.type = 'radio';
    // The server reads the field of text, and nothing of these.
    input.name = `${this.area.id}-mode`;
    input.value = value;
    input.addEventListener('change', () => this.#changeMode());
    label.append(input, this.#word(value));
    return { label, input };
  }

  #prepareSearch(): void {
    const search = this.#search;
    search.type = 'search';
    search.placeholder = this.#word('search');
    search.setAttribute('aria-label', this.#word('search'));
    setPlain(search);
    search.addEventListener('input', () => this.#show());
    search.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowDown') {
        event.preventDefault();
        this.#shown()[0]?.box.focus();
      } else if (event.key === 'Enter' && !event.isComposing) {
        // Not the whole form.
        event.preventDefault();
        this.#addTyped();
      }
    });
  }

  /** The list is one stop of the Tab key; arrows lead through it. */
  #prepareList(name: string): void {
    this.#list.setAttribute('role', 'group');
    this.#list.setAttribute('aria-label', name);
    this.#list.addEventListener('keydown', (event) => this.#move(event));
    this.#list.addEventListener('focusin', ({ target }) => {
      const row = this.#rowAt(target);
      if (row) for (const other of this.#rows.values()) setStop(other, other === row);
    });
  }

  #changeMode(): void {
    this.#choice.every = this.#every.checked;
    if (!this.#choice.every && this.#listed === null && this.#isAddressed()) void this.#fill();
    this.#keep();
    this.#show();
  }

  /** Writes the choice into the field that is sent. */
  #keep(): void {
    this.area.value = writeChoice(this.#choice);
    if (!this.#isNone()) this.#warning.hidden = true;
  }

  #isNone(): boolean {
    return !this.#choice.every && this.#choice.labels.size === 0;
  }

  /** None would be all of them. */
  #refuseNone(event: Event): void {
    if (!this.#isNone()) return;
    event.preventDefault();
    this.#warning.hidden = false;
    this.#search.focus();
  }

  #addRow(name: string): Row {
    const element = make('div', 'flex flex-wrap items-center gap-x-3 px-3 hover:bg-sunken');
    const caption = make('label', 'flex min-h-9 min-w-0 flex-1 basis-32 items-center gap-2.5 py-1 text-sm pointer-coarse:min-h-11');
    const box = make('input', 'size-4 shrink-0 pointer-coarse:size-5');
    const text = make('span', 'min-w-0 [overflow-wrap:anywhere]');
    const note = make('span', 'ms-1 text-xs text-ink-muted', this.#word('unlisted'));
    const label = make('input', 'field h-8! min-h-8! w-28! border-line! px-2.5! text-sm! sm:w-36! pointer-coarse:my-0.5 pointer-coarse:h-11!');
    const row = { name, element, box, label, note };
    box.type = 'checkbox';
    box.addEventListener('change', () => this.#tick([row], box.checked));
    label.maxLength = 100;
    label.dir = 'auto';
    label.placeholder = this.#word('label');
    label.setAttribute('aria-label', fillIn(this.#word('labelOf'), { name }));
    setPlain(label);
    label.addEventListener('input', () => this.#tick([row], true));
    label.addEventListener('keydown', (event) => {
      // Not the whole form.
      if (event.key === 'Enter') event.preventDefault();
    });
    text.append(make('bdi', '', name), ' ', note);
    caption.append(box, text);
    element.append(caption, label);
    this.#list.append(element);
    this.#rows.set(name, row);
    return row;
  }

  #tick(rows: Row[], ticked: boolean): void {
    for (const { name, label } of rows) {
      if (ticked) this.#choice.labels.set(name, label.value.trim());
      else this.#choice.labels.delete(name);
    }
    this.#keep();
    this.#show();
  }

  #tickShown(ticked: boolean): void {
    this.#tick(this.#shown(), ticked);
  }

  /** Shows what the choice, the list and the search say. */
  #show(): void {
    const { every, labels } = this.#choice;
    const typed = this.#search.value.trim();
    for (const row of this.#rows.values()) {
      const given = labels.get(row.name);
      row.box.checked = given !== undefined;
      row.box.hidden = every;
      if (given && row.label.value.trim() !== given) row.label.value = given;
      row.label.hidden = given === undefined;
      row.note.hidden = this.#listed === null || this.#listed.has(row.name);
      // Where all are offered, those that have a label, as long as one writes it.
      const isLabelled = Boolean(given) || row.label === document.activeElement;
      row.element.hidden = every ? !isLabelled : ![row.name, given].some((words) => words?.toLowerCase().includes(typed.toLowerCase()));
    }
    const shown = this.#shown();
    const stop = shown.find(isStop) ?? shown[0];
    for (const row of this.#rows.values()) setStop(row, row === stop);
    this.#panel.hidden = every && shown.length === 0;
    this.#search.hidden = every;
    this.#bar.hidden = every || this.#rows.size === 0;
    this.#foot.hidden = every;
    this.#adder.hidden = !this.#canAdd(typed) || this.#rows.has(typed);
    this.#adder.textContent = fillIn(this.#word('add'), { name: typed });
    this.#count.textContent = fillIn(this.#word('count'), { ticked: this.#numbers.format(labels.size), total: this.#numbers.format(this.#rows.size) });
  }

  /** The rows that one sees, in their order. */
  #shown(): Row[] {
    return [...this.#rows.values()].filter(({ element }) => !element.hidden);
  }

  #canAdd(name: string): boolean {
    return !this.#choice.every && name !== '' && name !== EVERY && !name.includes('=');
  }

  /** Ticks what was typed, which need not be in the list. */
  #addTyped(): void {
    const typed = this.#search.value.trim();
    if (!this.#canAdd(typed)) return;
    const row = this.#rows.get(typed) ?? this.#addRow(typed);
    this.#search.value = '';
    this.#tick([row], true);
    row.element.scrollIntoView({ block: 'nearest' });
    this.#search.focus();
  }

  #rowAt(target: EventTarget | null): Row | undefined {
    return [...this.#rows.values()].find(({ element }) => target instanceof Node && element.contains(target));
  }

  #move(event: KeyboardEvent): void {
    const row = this.#rowAt(event.target);
    if (!row || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const shown = this.#shown();
    const at = shown.indexOf(row);
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + ROWS, PageUp: at - ROWS };
    // Within a text they are the text's.
    if (event.target === row.box) Object.assign(steps, { Home: 0, End: shown.length - 1 });
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to === -1 && !this.#search.hidden && event.key === 'ArrowUp') {
      this.#search.focus();
      return;
    }
    const next = shown[Math.max(0, Math.min(shown.length - 1, to))];
    (this.#choice.every ? next?.label : next?.box)?.focus();
  }

  #isAddressed(): boolean {
    const address = this.form.elements.namedItem('base_url');
    return address instanceof HTMLInputElement && address.value.trim() !== '';
  }

  /** Asks the connection for its list, with what the form says now. */
  async #fill(): Promise<void> {
    const turn = ++this.#asked;
    this.#tell(this.#word('loading'), false);
    const found = await this.#ask();
    // Asked again since then.
    if (turn !== this.#asked) return;
    this.#tell(found.said, !found.ok);
    if (!found.ok) return;
    this.#listed = new Set(found.models);
    // Those of another address that nobody has chosen.
    for (const [name, { element }] of this.#rows) {
      if (this.#listed.has(name) || this.#choice.labels.has(name)) continue;
      element.remove();
      this.#rows.delete(name);
    }
    for (const name of found.models) if (!this.#rows.has(name)) this.#addRow(name);
    this.#show();
  }

  async #ask(): Promise<Answer> {
    const body = new FormData(this.form);
    try {
      const response = await fetch(this.#word('modelsAt'), { method: 'POST', body, headers: { Accept: 'application/json' } });
      return (await response.json()) as Answer;
    } catch {
      return { ok: false, said: this.#word('failed'), models: [] };
    }
  }

  #tell(text: string, isFailure: boolean): void {
    this.#status.textContent = text;
    this.#status.classList.toggle('text-danger', isFailure);
    this.#status.classList.toggle('text-ink-muted', !isFailure);
  }
}

/** Puts the list in the place of the text in `host`. */
export function enhance(host: HTMLElement): void {
  const area = host.querySelector('textarea');
  if (area?.form) new ModelChoice(host, area, area.form).begin();
}

function isStop({ box }: Row): boolean {
  return box.tabIndex === 0;
}

/** Whether the Tab key leads to this row. */
function setStop({ box, label }: Row, isOne: boolean): void {
  box.tabIndex = isOne ? 0 : -1;
  label.tabIndex = isOne ? 0 : -1;
}

function setPlain(field: HTMLInputElement): void {
  field.autocomplete = 'off';
  field.autocapitalize = 'none';
  field.spellcheck = false;
}

function fillIn(template: string | undefined, values: Record<string, string>): string {
  return (template ?? '').replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

function make<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, className: string, text = ''): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function makeButton(text: string, onClick: () => void): HTMLButtonElement {
  const button = make('button', 'button h-8! min-h-8! pointer-coarse:h-11! pointer-coarse:min-h-11! px-2.5! text-xs text-ink-muted hover:bg-sunken', text);
  button.type = 'button';
  button.addEventListener('click', onClick);
  return button;
}

for (const host of document.querySelectorAll<HTMLElement>('[data-models-at]')) enhance(host);
