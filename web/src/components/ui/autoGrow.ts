const BY_STYLE = typeof CSS !== 'undefined' && CSS.supports?.('field-sizing', 'content');

/** Makes the field as high as its text where style sheets cannot; the style sheet sets the limit. */
export function autoGrow(area: HTMLTextAreaElement | null): void {
  if (BY_STYLE || !area) return;
  area.style.height = 'auto';
  area.style.height = `${area.scrollHeight}px`;
}
