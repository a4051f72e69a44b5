/**
 * What the server's pages have more of where there are scripts: passwords that can be shown, and a
 * new key that can be copied. They work without it.
 */
import { copyText } from './clipboard';

/** In the language of the page. */
const words = { show: '', hide: '', copy: '', copied: '', ...document.body.dataset };

for (const field of document.querySelectorAll<HTMLInputElement>('input[type=password]')) {
  const box = document.createElement('div');
  box.className = 'relative';
  const label = field.labels?.[0];
  field.replaceWith(box);
  const button = makeButton(words.show, () => {
    const shown = field.type === 'password';
    field.type = shown ? 'text' : 'password';
    button.textContent = shown ? words.hide : words.show;
    button.setAttribute('aria-pressed', String(shown));
  });
  if (label) {
    label.id ||= `${field.id}-label`;
    button.setAttribute('aria-describedby', label.id);
  }
  button.setAttribute('aria-pressed', 'false');
  button.classList.add('absolute', 'inset-y-0', 'end-1', 'my-auto');
  field.classList.add('pe-16!');
  box.append(field, button);
  if (field.autofocus) field.focus();
}

for (const box of document.querySelectorAll<HTMLElement>('[data-copies]')) {
  const secret = box.querySelector('[data-secret]')?.textContent?.trim() ?? '';
  const button = makeButton(words.copy, () => {
    void copyText(secret).then((done) => {
      if (done) button.textContent = words.copied;
    });
  });
  button.classList.add('mt-2', 'button-quiet');
  box.append(button);
}

function makeButton(text: string, onClick: () => void): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = text;
  button.className = 'button h-9! min-h-9! pointer-coarse:h-11! pointer-coarse:min-h-11! px-3! text-xs text-ink-muted hover:bg-sunken';
  button.addEventListener('click', onClick);
  return button;
}
