/** The thread: its messages, their actions and details, and what a reply is doing. */
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

export const threadTexts = {
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
    unrate: 'Remove the rating',
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

  found: {
    name: 'Search results in this chat',
    looking: 'Looking for the message…',
    none: 'No match in this chat.',
    place: (at: string, count: string, query: string) => `${at} of ${count} for “${query}”`,
    previous: 'Previous match',
    next: 'Next match',
    close: 'Close search results',
  },
} as const;
