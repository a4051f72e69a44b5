/** Calls `then` as soon as all messages that are loaded are drawn: a long thread is drawn in steps. */
export function whenDrawn(then: () => void): () => void {
  const log = document.querySelector('[role=log]');
  const isDrawn = () => !log || log.hasAttribute('data-drawn');
  if (isDrawn()) {
    then();
    return () => undefined;
  }
  const watching = new MutationObserver(() => {
    if (!isDrawn()) return;
    watching.disconnect();
    then();
  });
  watching.observe(log!, { attributes: true, attributeFilter: ['data-drawn'] });
  return () => watching.disconnect();
}
