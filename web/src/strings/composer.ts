/** The message box, what waits below it, and what a new chat offers. */
export const composerTexts = {
  composer: {
    label: 'Message',
    placeholder: 'Ask anything',
    placeholderNext: 'Queue a follow-up',
    send: 'Send',
    sendNext: 'Add to queue',
    stop: 'Stop',
    hint: 'Enter to send, Shift + Enter for a new line',
    escape: 'Esc to stop',
    refused: 'Message not sent.',
    shorten: 'A shorter message fits.',
    nullCharacter: 'This text contains a null character (U+0000), which can’t be sent.',
    tooLong: (length: string, most: string) => `Too long to send: ${length} of at most ${most} characters.`,
  },

  queue: {
    name: 'Queued messages',
    lead: (count: number, shown: string) =>
      count === 0
        ? 'Not sent'
        : count === 1
          ? 'Sends after this reply'
          : `${shown} queued messages`,
    unsent: 'Sends when the server is reachable',
    held: (count: string) => `Paused, ${count} waiting`,
    resume: 'Send',
    discard: 'Discard',
    discarded: 'Discarded the queued messages.',
    edit: 'Edit',
    /** Stops the reply that runs. */
    now: 'Send now',
    up: 'Move up',
    down: 'Move down',
    moved: (place: string, count: string) => `Now ${place} of ${count}`,
    refused: (why: string) => `Not sent: ${why}`,
    added: 'Message queued.',
    tooLate: 'Too late, it’s already being sent.',
    notTaken: 'Couldn’t unqueue it: the server is unreachable.',
  },

  empty: {
    title: 'What would you like to try?',
    lead: 'Pick a prompt or write your own.',
    ready: (name: string, place: string) => `${name} is ready${place === '' ? '' : ` · ${place}`}.`,
    here: 'on this machine',
    away: 'in the cloud',
    recent: 'Recent chats',
    prompts: [
      {
        name: 'Explain an idea',
        text: 'Explain how a hash table works to someone who only knows arrays.',
      },
      {
        name: 'Write some code',
        text: 'Write a Python function that groups words by their anagram, and show how to call it.',
      },
      {
        name: 'Polish your writing',
        text: 'Make this clearer and half as long:\n\n',
      },
      {
        name: 'Compare options',
        text: 'Compare SQLite and PostgreSQL for a small team, as a table.',
      },
    ],
  },

  prompts: {
    title: 'Prompts',
    lead: 'Type / in the message box to use one. The first four are offered in a new chat.',
    keys: '↑↓ to choose, Enter to use',
    manage: 'Edit prompts',
    insert: 'Insert',
    add: 'New prompt',
    name: 'Name',
    text: 'Prompt',
    textHelp: 'Text in double braces, such as {{language}}, is asked for when you use it.',
    save: 'Save',
    cancel: 'Cancel',
    edit: (name: string) => `Edit prompt ${name}`,
    remove: (name: string) => `Delete prompt ${name}`,
    removed: (name: string) => `Deleted prompt “${name}”.`,
    none: 'No prompts yet.',
    failed: 'Couldn’t load the prompts.',
  },

  meter: {
    name: 'Tokens',
    draft: (count: string) => `≈ ${count} tokens`,
    prompt: 'Prompt',
    completion: 'Reply',
    total: 'Total',
    title: 'Tokens of the last turn',
    context: 'Context window',
    used: (share: string, window: string) => `${share} of ${window}`,
    left: 'Left out',
    leftOut: (count: number, shown: string) => `${shown} earlier ${count === 1 ? 'message' : 'messages'}`,
    counted: 'Reported by the provider.',
    estimated: 'Estimated at four characters a token.',
    tooLong: (window: string) => `Too long for the model’s ${window}-token context`,
    willDrop: 'Earlier messages will be left out to fit the context',
    shortReply: 'Leaves little room in the context for a reply',
  },
} as const;
