/** Every sentence of the app, in one place. Numbers and times are formatted in `format.ts`. */
export const strings = {
  product: 'Chat Playground',
  home: 'Chat Playground, to the welcome page',
  skipToComposer: 'Skip to the message field',
  skipToContent: 'Skip to the content',
  untitled: 'New chat',

  frame: {
    sidebar: 'Chats',
    toggle: 'List of chats',
    close: 'Close the list of chats',
    newChat: 'New chat',
    toasts: 'Notifications',
    undo: 'Undo',
    dismiss: 'Dismiss',
    cleared: 'A fresh chat. The old one is in the list.',
    newFailed: 'A new chat could not be started.',
  },

  header: {
    settings: 'Run settings',
    clear: 'Clear chat',
    theme: { light: 'Theme: light', dark: 'Theme: dark', system: 'Theme: as the system' },
  },

  connection: {
    connecting: 'Connecting …',
    rest: 'Connection limited: replies arrive whole',
    reconnecting: 'Reconnecting …',
    offline: 'You are offline. What you write is kept, and is sent when you are back.',
    signedOut: 'Your session has ended. Your draft is kept.',
    details: 'Details',
    signIn: 'Sign in again',
  },

  thread: {
    name: 'Messages',
    you: 'You',
    assistant: 'Assistant',
    jump: 'Jump to latest',
    older: 'Loading earlier messages …',
    loadOlder: 'Load earlier messages',
    switchFailed: 'This version cannot be shown right now.',
    answering: 'Assistant is answering',
    sending: 'Sending …',
    waitingForNetwork: 'Waits for the connection',
  },

  phase: {
    sending: 'Sending',
    queued: 'Waiting in line',
    queuedAt: (place: string) => `Waiting in line, place ${place}`,
    loading: 'Loading the model',
    prompt_eval: 'Reading',
    thinking: 'Thinking',
    writing: 'Writing',
    stopping: 'Stopping',
    whole: 'Waiting for the whole reply',
    seconds: (seconds: string) => `${seconds} s`,
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
    place: (place: string, count: string) => `Version ${place} of ${count}`,
  },

  edit: {
    open: 'Edit message',
    label: 'Edit your message',
    help: 'The first version stays reachable.',
    cancel: 'Cancel',
    send: 'Send',
  },

  details: {
    open: 'Message details',
    title: 'How this reply was made',
    model: 'Model',
    provider: 'Provider',
    fallback: (name: string) => `${name}, fallback used`,
    tokens: 'Tokens',
    tokenCounts: (prompt: string, completion: string, source: 'provider' | 'estimated') =>
      `${prompt} read, ${completion} written (${source === 'estimated' ? 'estimated' : 'counted by the provider'})`,
    speed: 'Speed',
    perSecond: (speed: string) => `${speed} tokens/s`,
    firstToken: 'First token after',
    load: 'Loading the model',
    total: 'Total time',
    finish: 'Ended',
    finishReasons: {
      stop: 'By itself',
      length: 'At the token limit',
      stopped: 'Stopped',
      interrupted: 'Interrupted',
      failed: 'Failed',
    },
    context: 'Context window',
    window: (window: string, dropped: string, count: number) =>
      `${window} tokens${count === 0 ? '' : `, ${dropped} ${count === 1 ? 'message' : 'messages'} left out`}`,
    time: 'Written',
    id: 'Request id',
  },

  reply: {
    regenerate: 'Regenerate',
    regenerateWith: 'Regenerate with another model',
    goOn: 'Continue',
    stopped: 'Stopped',
    interrupted: 'Interrupted: the server went away while this was being written.',
    failed: 'The reply could not be made.',
    empty: 'The model sent no text.',
    cut: 'Cut off at the token limit. Raise “Max tokens” in the run settings for longer replies.',
    tryAgain: 'Try again',
    answeredBy: (provider: string) => `Answered by ${provider}, fallback used`,
    provider: (name: string) => `Provider: ${name}`,
    details: 'Details',
    errorCode: (code: string) => `Error code: ${code}`,
    tokens: (count: string) => `${count} tokens`,
    whole: 'Sent over REST',
    contextNote: (count: number, window: string) =>
      `${count === 1 ? 'One earlier message was' : `${count} earlier messages were`} left out of the prompt: ` +
      `the model reads at most ${window} tokens at a time.`,
    broken: 'This message could not be laid out. Here is its plain text.',
  },

  reasoning: {
    open: 'Reasoning',
    done: 'Reasoning',
    doneFor: (seconds: string) => `Thought for ${seconds} s`,
  },

  copy: { message: 'Copy message', code: 'Copy code', done: 'Copied', failed: 'Copying is not allowed here' },

  markdown: {
    formula: 'Formula',
    diagram: 'Diagram',
    diagramSource: 'Show its source',
    code: 'Code',
    codeIn: (language: string) => `Code, ${language}`,
    table: 'Table',
    taskDone: 'Done:',
    taskOpen: 'To do:',
    image: (host: string) => `Image on ${host}`,
    loadImage: 'Not loaded. Open it in a new tab',
  },

  composer: {
    label: 'Message',
    placeholder: 'Ask anything',
    placeholderNext: 'Write what comes next',
    send: 'Send',
    sendNext: 'Send next',
    stop: 'Stop',
    hint: 'Enter to send, Shift + Enter for a new line',
    escape: 'Esc to stop',
    refused: 'Your message was not sent.',
  },

  queue: {
    name: 'Waiting messages',
    lead: (count: number, shown: string) =>
      count === 0
        ? 'Not sent'
        : count === 1
          ? 'Waits for the reply to end'
          : `${shown} messages wait for the reply to end`,
    unsent: 'Goes out as soon as the server answers',
    edit: 'Take back',
    refused: (why: string) => `Not sent: ${why}`,
    added: 'Your message waits for the reply to end.',
    tooLate: 'This message is being sent already.',
    notTaken: 'It could not be taken back: the server cannot be reached.',
  },

  empty: {
    title: 'What shall we try first?',
    lead: 'Pick a starting point, or write your own below.',
    prompts: [
      {
        title: 'Explain an idea',
        text: 'Explain how a hash table works to someone who knows only arrays.',
      },
      {
        title: 'Write some code',
        text: 'Write a Python function that groups words by their anagram, and show how to call it.',
      },
      {
        title: 'Sharpen a text',
        text: 'Make this clearer and half as long:\n\n',
      },
      {
        title: 'Weigh a choice',
        text: 'Compare SQLite and PostgreSQL for a small team, as a table.',
      },
    ],
  },

  settings: {
    title: 'Run settings',
    close: 'Close run settings',
    temperature: 'Temperature',
    temperatureHelp: 'Low keeps to the likely words, high is more varied.',
    maxTokens: 'Max tokens',
    maxTokensHelp: 'The longest reply, in tokens of about four characters.',
    advanced: 'Advanced',
    topP: 'Top-p',
    topPHelp: 'Considers only the most likely words up to this share.',
    model: 'Model',
    modelHelp: 'Used for the next reply in this chat.',
    modelNone: 'None to choose from',
    modelGone: (name: string) => `${name} (no longer there)`,
    modelGoneHelp: (name: string) => `“${name}” is no longer offered. Choose another model.`,
    modelsLoading: 'Loading the models …',
    modelsFailed: 'The list of models could not be loaded.',
    context: (tokens: string) => `${tokens} token window`,
    remote: 'Leaves this machine',
    local: 'Stays on this machine',
    number: (name: string) => `${name}, as a number`,
    reset: 'Reset to defaults',
    systemPrompt: 'System prompt',
    systemPromptHelp: 'What the model is told before every message in this chat.',
    systemPromptPlaceholder: 'For example: Answer in two sentences.',
    modelSearch: 'Search models',
    modelNoneFound: 'No model matches.',
    transport: 'Transport in use',
    transportDetails: 'Connection',
    transportName: { socket: 'WebSocket', rest: 'REST', none: 'None' },
    nextTurn: 'Changes apply from your next message.',
  },

  meter: {
    name: 'Tokens',
    draft: (count: string) => `≈ ${count} tokens in your draft`,
    prompt: 'Prompt',
    completion: 'Reply',
    total: 'Total',
    window: (share: string) => `${share} of context`,
    tooLong: 'May not fit: draft and reply exceed the context window',
    willDrop: 'Earlier messages will be left out: prompt and reply exceed the context window',
  },

  clear: {
    title: 'Clear this chat?',
    body: 'A fresh conversation starts. This one stays in the list.',
    running: 'The reply that is being written will be stopped.',
    confirm: 'Clear chat',
    cancel: 'Cancel',
  },

  demo: {
    name: 'About the model',
    how: 'Connect Ollama',
    steps: [
      'Install Ollama from ollama.com and start it.',
      'Get a model, for example:',
      'Send the next message: it goes to Ollama by itself. For an Ollama on another machine, set OLLAMA_BASE_URL and start Chat Playground again.',
    ],
    command: 'ollama pull llama3.2',
    dismiss: 'Hide this note',
  },

  states: {
    loading: 'Loading the conversation',
    missing: {
      title: 'This conversation is not here',
      body: 'It was deleted, belongs to someone else, or the link is incomplete.',
      action: 'Start a new chat',
    },
    signedOut: {
      title: 'You are signed out',
      body: 'Sign in to come back to this conversation. Your draft is kept in this browser.',
      action: 'Sign in',
    },
    offline: {
      title: 'You are offline',
      body: 'The conversation appears here as soon as the connection is back.',
      action: 'Try again',
    },
    failed: {
      title: 'The conversation could not be loaded',
      body: 'The server did not answer as it should. It may be starting.',
      action: 'Try again',
    },
    crashed: {
      title: 'Something broke on this page',
      body: 'Your messages are safe on the server. Reloading usually mends it.',
      action: 'Reload',
    },
    panelCrashed: 'This panel could not be shown.',
    toWelcome: 'To the welcome page',
  },
} as const;
