import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Attachment, FileUse, Model, ModelList } from '../../protocol';
import { draftFiles } from '../../state/draftFiles';
import { attachment } from '../../testing/files';
import { api } from '../../transport/api';
import { Composer } from '../composer/Composer';
import { LONG_PASTE, useAttachments } from '../composer/useAttachments';
import { fileFacts } from './fileFacts';
import { FilesNote } from './FilesNote';
import { ThreadFiles } from './ThreadFiles';

beforeEach(() => localStorage.clear());

describe('FilesNote', () => {
  const known = new Map([attachment('a', { name: 'a.pdf' }), attachment('b', { name: 'b.txt' })].map((file) => [file.id, file]));
  const use = (id: string, used: FileUse['used'], passages?: string[]): FileUse => ({
    id,
    tokens: 1,
    used,
    ...(passages ? { passages } : {}),
  });

  it.each<[FileUse[], string[]]>([
    [[use('a', 'whole'), use('b', 'whole')], ['Read in full: a.pdf, b.txt']],
    [[use('a', 'passages', ['Page 3', 'Page 7'])], ['Read in part: a.pdf (Page 3, Page 7)']],
    [[use('b', 'whole'), use('gone', 'left_out')], ['Read in full: b.txt', 'Not read, doesn’t fit: 1 from earlier messages']],
    [[use('a', 'whole'), use('x', 'whole'), use('y', 'whole')], ['Read in full: a.pdf, 2 more']],
  ])('names them (%#)', (files, lines) => {
    render(
      <ThreadFiles value={known}>
        <FilesNote files={files} />
      </ThreadFiles>,
    );
    expect(screen.getAllByRole('listitem').map(({ textContent }) => textContent)).toEqual(lines);
  });
});

it.each([
  [{ name: 'Report.pdf', size: 1_234_567, tokens: 3400 }, 'PDF · 1.2 MB · ≈ 3,400 tokens'],
  [{ name: 'noname', size: 900, media_type: 'text/plain' }, 'PLAIN · 0.9 kB'],
])('tells kind, size and tokens of %o', (file, facts) => {
  expect(fileFacts(file)).toBe(facts);
});

describe('the composer', () => {
  const model = (id: string, ...capabilities: string[]) => ({ id, label: id, provider: 'ollama', capabilities }) as Model;
  const models = { default: 'blind', results: [model('blind', 'completion'), model('eyes', 'completion', 'vision')] } as ModelList;
  let files = draftFiles('c');
  let count = 0;

  beforeEach(() => {
    count += 1;
    files = draftFiles(`c${count}`);
  });
  afterEach(() => void files.take());

  /** The server has it, and it is beside the draft. */
  function has(file: Attachment) {
    vi.spyOn(api, 'file').mockResolvedValue(file);
    files.addStored([file]);
  }

  function show(chosen = 'blind') {
    const onSend = vi.fn<(text: string) => void>();
    const onModel = vi.fn<(model: string) => void>();
    function Host() {
      const [draft, setDraft] = useState('');
      const attachments = useAttachments({ conversationId: `c${count}`, draft, setDraft, models, model: chosen, onModel });
      return (
        <Composer
          text={draft}
          onChange={setDraft}
          onSend={onSend}
          onStop={() => {}}
          busy={false}
          {...attachments.composer}
          notice={attachments.notice}
        />
      );
    }
    render(<Host />);
    return { onSend, onModel, field: screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message' }) };
  }

  it('sends files alone', async () => {
    has(attachment('a'));
    const { onSend, field } = show();
    await userEvent.type(field, '{Enter}');
    expect(onSend).toHaveBeenCalledExactlyOnceWith('');
  });

  it('waits for a file, by its name', async () => {
    has(attachment('a', { name: 'report.pdf', status: 'processing' }));
    const { onSend, field } = show();
    await userEvent.type(field, 'Read it{Enter}');
    expect(onSend).not.toHaveBeenCalled();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Waiting for report.pdf' }).disabled).toBe(true);
  });

  it('offers a model that sees, when the chosen one does not', async () => {
    has(attachment('a', { name: 'hill.png', kind: 'image' }));
    const { onModel } = show();
    expect(screen.getByRole('alert').textContent).toContain('blind can’t see images.');
    await userEvent.click(screen.getByRole('button', { name: 'Use eyes' }));
    expect(onModel).toHaveBeenCalledExactlyOnceWith('eyes');
  });

  it('makes a file of a long text that was pasted, when it is asked to', async () => {
    const add = vi.spyOn(files, 'add').mockReturnValue(0);
    const { field } = show('eyes');
    const long = 'word '.repeat(LONG_PASTE / 5 + 1);
    const clipboardData = { getData: () => long.replace('word', 'word\r\n') };
    const pasted = long.replace('word', 'word\n');
    fireEvent.paste(field, { clipboardData });
    fireEvent.change(field, { target: { value: `Sum up: ${pasted}` } });
    await userEvent.click(screen.getByRole('button', { name: 'Attach as a file' }));
    expect(field.value).toBe('Sum up: ');
    const [file] = add.mock.calls[0]![0];
    expect(await file!.text()).toBe(pasted);
    expect(screen.queryByRole('button', { name: 'Attach as a file' })).toBeNull();
  });
});
