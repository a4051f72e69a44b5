/** Which news of a tool call is later: they come by the socket, and as answers to decisions. */
import type { CallState, ToolCall } from '../protocol';

/** How far a call is in each of its states. */
const CALL_ORDER: Record<CallState, number> = {
  needs_sign_in: 0,
  asked: 1,
  allowed: 2,
  running: 3,
  denied: 4,
  done: 4,
  failed: 4,
  cancelled: 4,
  interrupted: 4,
};

/**
 * Whether what is told of a call is later than what is shown.
 *
 * @param decided the call as it asked for the decision that this answers
 */
export function isNews(shown: ToolCall, told: ToolCall, decided?: ToolCall): boolean {
  if (!isLater(shown.state, told.state)) return false;
  // It may have run since, and ask for something else now.
  return !decided || questionsOf(decided) === questionsOf(shown);
}

/** One that runs may wait again: for a sign-in, or for what its server asks. */
function isLater(shown: CallState, told: CallState): boolean {
  if (told === 'needs_sign_in') return shown === 'allowed' || shown === 'running';
  return CALL_ORDER[told] > CALL_ORDER[shown] || (told === 'asked' && CALL_ORDER[shown] < CALL_ORDER.done);
}

function questionsOf({ input = [] }: ToolCall): string {
  return input.map(({ id }) => id).join();
}
