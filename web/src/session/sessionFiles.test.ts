/** Messages with files: sent, queued, edited, refused, seen from another tab. */
import { expect, test } from 'vitest';
import { attachment } from '../testing/files';
import { end, start, userMessage } from '../testing/scripted';
import { answered, asked, eachOnAStage, pass, Stage } from '../testing/stage';

let stage: Stage;
const files = [attachment('f1'), attachment('f2')];
const shownFiles = () => stage.session.chat.messages.map(({ metadata }) => metadata?.attachments?.map(({ id }) => id));

eachOnAStage((fresh) => (stage = fresh));

test('files alone are a message, which shows them from the start', async () => {
  stage.open();
  stage.session.send({ content: '', attachments: files });
  expect(shownFiles()).toEqual([['f1', 'f2']]);
  await pass();
  expect(stage.lastFrame()).toMatchObject({ content: '', attachments: ['f1', 'f2'] });
});

test('a refusal gives them back', async () => {
  stage.open();
  stage.session.send({ content: 'look', attachments: files });
  await pass();
  stage.tell({ type: 'error', code: 'model_cannot_see', message: 'No.', client_id: stage.sentClientId() });
  await pass();
  expect(stage.session.sendError).toMatchObject({ content: 'look', attachments: files });
});

test('they wait in the queue, are kept until the server has them, and come back from it', async () => {
  stage.open();
  await stage.begin();
  stage.session.send({ content: '', attachments: files });
  expect(stage.lastFrame()).toMatchObject({ queue: true, attachments: ['f1', 'f2'] });
  const clientId = stage.sentClientId();
  expect(stage.script.edges.stored.read('outbox:c')).toMatchObject([{ clientId, attachments: files }]);
  const items = [{ client_id: clientId, content: '', created_at: '', attachments: files }];
  stage.tell({ type: 'queue', conversation_id: 'c', held: false, items });
  const taken = stage.session.unqueue(clientId);
  await pass();
  stage.script.callsTo(`/queue/${clientId}/`)[0]!.answer(200, null);
  expect(await taken).toMatchObject({ content: '', attachments: files });
});

test('an edit sends those that are left', async () => {
  const { id, role, ...fields } = asked();
  stage.open([{ id, role, ...fields, attachments: files }, answered()]);
  expect(shownFiles()[0]).toEqual(['f1', 'f2']);
  stage.session.edit('u1', { content: 'hi', attachments: files.slice(1) });
  await pass();
  expect(stage.lastFrame()).toMatchObject({ content: 'hi', attachments: ['f2'], parent_id: null });
});

test('another tab sent them, and the reply says how they were read', async () => {
  stage.open();
  const context = { window: 10, prompt_tokens: 5, dropped_messages: 0, files: [{ id: 'f1', tokens: 3, used: 'whole' as const }] };
  stage.tell(
    { ...userMessage('u1', 'k', 'look'), attachments: files } as never,
    { ...start('a1', 'k'), context } as never,
    end('a1', 'One'),
  );
  await pass();
  expect(shownFiles()[0]).toEqual(['f1', 'f2']);
  expect(stage.session.chat.messages[1]?.metadata?.context?.files).toEqual(context.files);
});
