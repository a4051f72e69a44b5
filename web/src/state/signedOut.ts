/** What the tabs of a browser tell each other: that the person has signed out. */

const CHANNEL = 'person';
const SIGNED_OUT = 'signed out';

export function tellSignedOut(): void {
  const channel = new BroadcastChannel(CHANNEL);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none
  channel.postMessage(SIGNED_OUT);
  channel.close();
}

/** Leaves this page when the person signs out in another tab, and keeps nothing that it would store. */
export function leaveWhenSignedOut(leave: () => void = () => location.replace('/signin/?signed-out')): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', ({ data }) => {
    if (data !== SIGNED_OUT) return;
    channel.close();
    leave();
  });
  return () => channel.close();
}
