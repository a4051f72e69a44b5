/** What can be asked for by key, by palette or by button, wherever the answer lives. */
export type CommandName =
  | 'help'
  | 'palette'
  | 'newChat'
  | 'focusComposer'
  | 'stop'
  | 'copyReply'
  | 'copyCode'
  | 'toggleSidebar'
  | 'toggleSettings'
  | 'clear'
  | 'previousMessage'
  | 'nextMessage'
  | 'undo';

type Deed = () => unknown;

const deeds = new Map<CommandName, Deed>();

/** Answers the command until the returned function is called. */
export function provide(name: CommandName, deed: Deed): () => void {
  deeds.set(name, deed);
  return () => {
    if (deeds.get(name) === deed) deeds.delete(name);
  };
}

export function isPossible(name: CommandName): boolean {
  return deeds.has(name);
}

/** False when nobody answers it now, or when the answer was that there is nothing to do. */
export function run(name: CommandName): boolean {
  const deed = deeds.get(name);
  return deed !== undefined && deed() !== false;
}
