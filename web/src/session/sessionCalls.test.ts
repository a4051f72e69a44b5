/** Tool calls of a reply: news of them, and answers to decisions that come after later news. */
import { expect, test } from 'vitest';
import type { ToolCall } from '../protocol';
import { answered, asked, eachOnAStage, Stage } from '../testing/stage';

let stage: Stage;

eachOnAStage((fresh) => (stage = fresh));

const call = (changes: Partial<ToolCall>): ToolCall => ({
  id: 't1',
  server: 'wiki',
  name: 'book',
  arguments: {},
  state: 'asked',
  ...changes,
});
const shown = () => stage.session.chat.messages[1]!.metadata!.tool_calls![0]!;
const told = (news: ToolCall) => stage.session.called('a1', news);

test('what a call asks for stays when the answer to an earlier decision comes late', () => {
  stage.open([asked(), answered({ tool_calls: [call({})] })]);
  const permission = shown();
  told(call({ state: 'running' }));
  told(call({ input: [{ id: 'q1', message: 'Which row?' }] }));
  stage.session.called('a1', call({ state: 'allowed' }), permission);
  const form = shown();
  expect(form).toMatchObject({ state: 'asked', input: [{ id: 'q1' }] });
  stage.session.called('a1', call({ state: 'allowed' }), form);
  expect(shown().state).toBe('allowed');
});
