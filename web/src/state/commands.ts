/** The commands for keys, palette and buttons. Components provide them. */
export type CommandName =
  | 'help'
  | 'palette'
  | 'newChat'
  | 'temporaryChat'
  | 'focusComposer'
  | 'stop'
  | 'copyReply'
  | 'copyCode'
  | 'toggleSidebar'
  | 'toggleSettings'
  | 'clear'
  | 'chooseModel'
  | 'renameChat'
  | 'pinChat'
  | 'archiveChat'
  | 'exportChat'
  | 'printChat'
  | 'deleteChat'
  | 'regenerate'
  | 'profile'
  | 'prompts'
  | 'themeLight'
  | 'themeDark'
  | 'themeSystem'
  | 'previousMessage'
  | 'nextMessage'
  | 'undo';

type Action = () => unknown;

const actions = new Map<CommandName, Action>();

/** Provides the command until the returned function is called. */
export function provide(name: CommandName, action: Action): () => void {
  actions.set(name, action);
  return () => {
    if (actions.get(name) === action) actions.delete(name);
  };
}

export function isPossible(name: CommandName): boolean {
  return actions.has(name);
}

/** False when no component provides it now, or when there was nothing to do. */
export function run(name: CommandName): boolean {
  const action = actions.get(name);
  return action !== undefined && action() !== false;
}
