/** What stands around a chat: the frame of the page, and what it is like without a chat. */
export const frameTexts = {
  product: 'Chat Playground',
  home: 'Chat Playground, home',
  skipToComposer: 'Skip to message box',
  skipToContent: 'Skip to content',
  untitled: 'New chat',

  frame: {
    sidebar: 'Chats',
    toggle: 'Toggle sidebar',
    close: 'Close sidebar',
    newChat: 'New chat',
    toasts: 'Notifications',
    undo: 'Undo',
    dismiss: 'Dismiss',
    closeSheet: 'Close',
    cleared: 'New chat started. The previous one is in your list.',
    newFailed: 'Couldn’t start a new chat.',
  },

  header: {
    settings: 'Run settings',
    clear: 'Clear chat',
    theme: { light: 'Theme: light', dark: 'Theme: dark', system: 'Theme: system' },
    themeMenu: 'Theme',
    themes: { light: 'Light', dark: 'Dark', system: 'System' },
  },

  temporary: {
    open: 'New temporary chat',
    note: 'Temporary chat. It’s in no list and no search, and is deleted an hour after you leave it.',
    keep: 'Keep this chat',
    mark: 'Temporary chat',
  },

  connection: {
    connecting: 'Connecting…',
    rest: 'Limited connection: replies appear all at once',
    reconnecting: 'Reconnecting…',
    offline: 'You’re offline. Messages are sent when you’re back.',
    signedOut: 'Your session has expired. Your draft is saved.',
    details: 'Details',
    signIn: 'Sign in again',
  },

  clear: {
    title: 'Start a new chat?',
    body: 'This starts a new chat. The current one stays in your list.',
    running: 'The running reply will be stopped.',
    confirm: 'Start new chat',
    cancel: 'Cancel',
  },

  /** As they are written on keyboards; a Mac has signs of its own. */
  keys: {
    Mod: 'Ctrl',
    Alt: 'Alt',
    Shift: 'Shift',
    Escape: 'Esc',
    Backspace: 'Backspace',
    Enter: 'Enter',
    Delete: 'Delete',
  } as Record<string, string>,

  demo: {
    name: 'About the model',
    /** By the code of what answers. */
    notices: {
      demonstration_model:
        'This is a small demonstration model that runs on this server. For better answers, install Ollama and pull a model.',
    } as Record<string, string>,
    how: 'Connect Ollama',
    steps: [
      'Install Ollama from ollama.com and start it.',
      'Download a model, for example:',
      'Send another message and Ollama answers. If it runs elsewhere, set OLLAMA_BASE_URL and restart.',
    ],
    command: 'ollama pull llama3.2',
    dismiss: 'Hide this note',
  },

  states: {
    loading: 'Loading chat',
    missing: {
      title: 'Chat not found',
      body: 'It may have been deleted, belong to someone else, or the link is incomplete.',
      action: 'Start a new chat',
    },
    signedOut: {
      title: 'You’re signed out',
      body: 'Sign in to return to this chat. Your draft is saved in this browser.',
      action: 'Sign in',
    },
    offline: {
      title: 'You’re offline',
      body: 'The chat loads as soon as you’re back online.',
      action: 'Try again',
    },
    failed: {
      title: 'Couldn’t load this chat',
      body: 'The server didn’t respond properly. It may still be starting.',
      action: 'Try again',
    },
    crashed: {
      title: 'Something went wrong',
      body: 'Your messages are safe on the server. Reloading usually fixes it.',
      action: 'Reload',
    },
    panelCrashed: 'Couldn’t show this panel.',
    toWelcome: 'Go to home',
  },
} as const;
