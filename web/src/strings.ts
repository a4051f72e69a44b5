/** What became of a provider, by the code of its error. */
const FAILURES: Record<string, string> = {
  provider_unavailable: 'couldn’t be reached',
  provider_timeout: 'took too long',
  provider_busy: 'was busy',
  provider_rate_limited: 'received too many requests',
  provider_auth_failed: 'rejected this server’s API key',
  model_not_found: 'doesn’t have the model',
  provider_failed: 'stopped with an error',
  provider_redirected: 'couldn’t be reached at its address',
  stream_broken: 'stopped with an error',
};

/** Every sentence of the app, in one place. Numbers and times are formatted in `format.ts`. */
export const strings = {
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

  thread: {
    name: 'Messages',
    you: 'You',
    assistant: 'Assistant',
    jump: 'Jump to latest',
    older: 'Loading earlier messages…',
    loadOlder: 'Load earlier messages',
    switchFailed: 'Couldn’t load this version.',
    answering: 'Assistant is replying',
    sending: 'Sending…',
    waitingForNetwork: 'Waiting for connection',
    quote: 'Quote',
    showMore: 'Show more',
    showLess: 'Show less',
    plain: 'This chat crashed the page, so it’s shown as plain text.',
    format: 'Show formatted',
    control: (code: string) => `U+${code}`,
  },

  phase: {
    sending: 'Sending',
    queued: 'Queued',
    queuedAt: (place: string) => `Queued, number ${place}`,
    loading: 'Loading model',
    prompt_eval: 'Reading your message',
    thinking: 'Thinking',
    writing: 'Writing',
    stopping: 'Stopping',
    whole: 'Waiting for the full reply',
    seconds: (seconds: string) => `${seconds} s`,
    silent: (seconds: string) => `Nothing has come for ${seconds} s.`,
  },

  /** With one message, beside the conversation. */
  tools: {
    more: 'More actions',
    good: 'Good reply',
    bad: 'Bad reply',
    unrate: 'Take the rating back',
    why: 'What was good or bad? (optional)',
    whyPlaceholder: 'For example: wrong numbers, too long',
    whySend: 'Send feedback',
    whySkip: 'Done',
    fork: 'Fork into a new chat',
    forked: 'You’re in a copy of the chat. The original stays as it was.',
    remove: 'Delete message',
    deleted: 'Message deleted.',
    failed: (why: string) => `Something went wrong. ${why}`,
  },

  announce: {
    thinking: 'Thinking',
    writing: 'Writing',
    completed: 'Reply finished',
    stopped: 'Reply stopped',
    interrupted: 'Reply interrupted',
  },

  versions: {
    name: 'Versions',
    previous: 'Previous version',
    next: 'Next version',
    by: (version: string, model: string) => `${version} · ${model}`,
    place: (place: string, count: string) => `Version ${place} of ${count}`,
  },

  edit: {
    open: 'Edit message',
    label: 'Edit your message',
    help: 'The original message and its replies are kept.',
    cancel: 'Cancel',
    send: 'Send',
  },

  details: {
    open: 'Message details',
    title: 'Reply details',
    model: 'Model',
    provider: 'Provider',
    fallback: (name: string) => `${name} (fallback)`,
    tokens: 'Tokens',
    tokenCounts: (prompt: string, completion: string, source: 'provider' | 'estimated') =>
      `${prompt} in, ${completion} out (${source === 'estimated' ? 'estimated' : 'reported by provider'})`,
    speed: 'Speed',
    perSecond: (speed: string) => `${speed} tokens/s`,
    firstToken: 'Time to first token',
    load: 'Model load',
    total: 'Total time',
    finish: 'Finish',
    finishReasons: {
      stop: 'Completed',
      length: 'Token limit',
      windowFull: 'Context full',
      tool_calls: 'Tool calls',
      content_filter: 'Content filter',
      stopped: 'Stopped',
      interrupted: 'Interrupted',
      failed: 'Failed',
    },
    context: 'Context window',
    window: (window: string, dropped: string, count: number) =>
      `${window} tokens${count === 0 ? '' : `, ${dropped} ${count === 1 ? 'message' : 'messages'} omitted`}`,
    time: 'Time',
    id: 'Request ID',
  },

  reply: {
    regenerate: 'Regenerate',
    regenerateWith: 'Regenerate with another model',
    goOn: 'Continue',
    stopped: 'Stopped',
    interrupted: 'Interrupted: the server stopped while writing this reply.',
    failed: 'Couldn’t generate a reply.',
    empty: 'The model returned an empty reply.',
    cut: 'Stopped at the token limit. For longer replies, raise “Max tokens” in run settings.',
    tryAgain: 'Try again',
    onlyReasoning: (count: string | null) =>
      count === null ? 'The whole reply went into reasoning.' : `All ${count} tokens went into reasoning.`,
    raise: 'Raise and try again',
    answeredBy: (provider: string) => `${provider} answered instead.`,
    firstFailed: 'The first provider didn’t respond.',
    /** By the code of the error. */
    providerFailed: (provider: string, code: string) => `${provider} ${FAILURES[code] ?? 'couldn’t answer'}.`,
    provider: (name: string) => `Provider: ${name}`,
    details: 'Details',
    errorCode: (code: string) => `Error code: ${code}`,
    windowFull: (window: string) => `The ${window}-token context is full.`,
    tokens: (count: string) => `${count} tokens`,
    whole: 'Received all at once',
    contextNote: (count: number, window: string) =>
      count === 1
        ? `1 earlier message didn’t fit the ${window}-token context and was left out.`
        : `${count} earlier messages didn’t fit the ${window}-token context and were left out.`,
    broken: 'This message couldn’t be displayed. Showing plain text.',
  },

  reasoning: {
    open: 'Reasoning',
    done: 'Reasoning',
    doneFor: (seconds: string) => `Thought for ${seconds} s`,
  },

  copy: { message: 'Copy message', code: 'Copy code', codeAgain: 'Copy code above', short: 'Copy', done: 'Copied', failed: 'Couldn’t copy: blocked by the browser' },

  markdown: {
    formula: 'Formula',
    diagram: 'Diagram',
    diagramSource: 'Show source',
    diagramFailed: 'This diagram has an error. Here is its source.',
    diagramEnlarge: 'Enlarge diagram',
    diagramFit: 'Fit diagram',
    code: 'Code',
    wrap: 'Wrap lines',
    showLines: (count: string) => `Show all ${count} lines`,
    showLess: 'Show fewer lines',
    codeIn: (language: string) => `Code, ${language}`,
    table: 'Table',
    taskDone: 'Done:',
    taskOpen: 'To do:',
    image: (host: string) => `Image from ${host}`,
    loadImage: 'External image blocked. Open in new tab',
    footnotes: 'Footnotes',
    tooComplex: 'Too complex to format. Showing plain text.',
    callOuts: { note: 'Note', tip: 'Tip', important: 'Important', warning: 'Warning', caution: 'Caution' },
  },

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

  found: {
    name: 'Search results in this chat',
    looking: 'Looking for the message…',
    none: 'No match in this chat.',
    place: (at: string, count: string, query: string) => `${at} of ${count} for “${query}”`,
    previous: 'Previous match',
    next: 'Next match',
    close: 'Close search results',
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
    refused: (why: string) => `Not sent: ${why}`,
    added: 'Message queued.',
    tooLate: 'Too late, it’s already being sent.',
    notTaken: 'Couldn’t unqueue it: the server is unreachable.',
  },

  empty: {
    title: 'What would you like to try?',
    lead: 'Pick a prompt or write your own.',
    ready: (name: string, place: string) => `${name} is ready${place === '' ? '' : ` · ${place}`}. Pick a prompt or write your own.`,
    here: 'on this machine',
    away: 'in the cloud',
    recent: 'Recent chats',
    prompts: [
      {
        title: 'Explain an idea',
        text: 'Explain how a hash table works to someone who only knows arrays.',
      },
      {
        title: 'Write some code',
        text: 'Write a Python function that groups words by their anagram, and show how to call it.',
      },
      {
        title: 'Polish your writing',
        text: 'Make this clearer and half as long:\n\n',
      },
      {
        title: 'Compare options',
        text: 'Compare SQLite and PostgreSQL for a small team, as a table.',
      },
    ],
  },

  settings: {
    title: 'Run settings',
    close: 'Close run settings',
    temperature: 'Temperature',
    temperatureHelp: 'Lower is more focused, higher more varied.',
    maxTokens: 'Max tokens',
    maxTokensHelp: 'Maximum reply length. A token is about four characters.',
    advanced: 'Advanced',
    topP: 'Top-p',
    topPHelp: 'Picks only from the most likely words that make up this share.',
    model: 'Model',
    modelHelp: 'Used for the next reply in this chat.',
    modelGone: (name: string) => `${name} (no longer available)`,
    modelGoneHelp: (name: string) => `“${name}” is no longer available. Choose another model.`,
    number: (name: string) => `${name} value`,
    reset: 'Reset to defaults',
    systemPrompt: 'System prompt',
    systemPromptHelp: 'Instructions the model follows in this chat.',
    systemPromptPlaceholder: 'For example: Answer in two sentences.',
    transport: 'Connection',
    transportDetails: 'Details',
    transportName: { socket: 'WebSocket', rest: 'REST', none: 'None' },
    nextTurn: 'Changes apply from your next message.',
  },

  models: {
    choose: 'Choose a model',
    current: (name: string, place: string) => `Model: ${name}${place === '' ? '' : ` (${place.toLowerCase()})`}`,
    change: (name: string) => `${name}. Change model`,
    search: 'Search models',
    recent: 'Recent',
    others: 'Other models',
    all: 'Models',
    none: 'No models available',
    noneFound: (query: string) => `No models match “${query}”.`,
    loading: 'Loading models…',
    failed: 'Couldn’t load the models.',
    context: (tokens: string) => `${tokens}-token context`,
    cloud: 'Cloud',
    local: 'Local',
    remembered: 'Also used for new chats.',
    changed: (name: string) => `Model: ${name}`,
    once: 'For this reply only. The chat keeps its model.',
    connect: 'Connect Ollama',
    noneYet: 'No model can answer yet.',
    checkAgain: 'Check again',
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

  clear: {
    title: 'Start a new chat?',
    body: 'This starts a new chat. The current one stays in your list.',
    running: 'The running reply will be stopped.',
    confirm: 'Start new chat',
    cancel: 'Cancel',
  },

  demo: {
    name: 'About the model',
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

  /** Errors that the page finds itself. */
  errors: {
    unreachable: 'Couldn’t reach the server.',
    signedOut: 'You’re signed out.',
    missing: 'Chat not found.',
    cancelled: 'Canceled before it was sent.',
    closed: 'The page was closed.',
    page: 'Something went wrong on this page.',
    http: (status: number) => `The server responded with error ${status}.`,
  },

  /** Providers by their names on the wire. */
  providers: {
    ollama: 'Ollama',
    openai: 'OpenAI',
    inference: 'Inference service',
    local: 'Built-in model',
    echo: 'Echo',
  } as Record<string, string>,
} as const;
