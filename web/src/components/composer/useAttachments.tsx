import { useMemo, useState, useSyncExternalStore } from 'react';
import type { ModelList } from '../../protocol';
import { draftFiles, MOST_FILES, type DraftFile } from '../../state/draftFiles';
import { shortName } from '../../state/models';
import { toast } from '../../state/toasts';
import { fileStrings } from '../../strings/files';
import type { Written } from '../../transport/types';
import { AttachButton } from './AttachButton';
import { blindModel, CannotSee } from './CannotSee';
import { FileTray } from './FileTray';
import { LongPasteOffer } from './LongPasteOffer';

/** A pasted text of more characters may become a file. */
export const LONG_PASTE = 20_000;

interface Options {
  conversationId: string;
  /** Nothing is stored of the conversation. */
  temporary?: boolean;
  draft: string;
  setDraft(text: string): void;
  models: ModelList | undefined;
  /** The chosen model; null for the default. */
  model: string | null;
  onModel(model: string): void;
}

/** The files beside the draft, and what the composer shows of them. */
export function useAttachments({ conversationId, temporary = false, draft, setDraft, models, model, onModel }: Options) {
  const files = useMemo(() => draftFiles(conversationId, temporary), [conversationId, temporary]);
  const list = useSyncExternalStore(files.subscribe, () => files.list);
  const [pasted, setPasted] = useState<string | null>(null);
  const offered = pasted !== null && draft.includes(pasted) ? pasted : null;
  const blind = list.some(({ isImage, state }) => isImage && state !== 'failed') ? blindModel(models, model) : null;

  function add(chosen: readonly File[]) {
    if (files.add(chosen) > 0) toast(fileStrings.tooMany(MOST_FILES));
  }

  function asFile(text: string) {
    add([new File([text], fileStrings.pastedName, { type: 'text/plain' })]);
    setDraft(draft.replace(text, () => ''));
  }

  return {
    add,
    /** Takes the files out, to be sent. */
    take: () => files.take(),
    /** Gives back the files of a message that was not sent. */
    giveBack: ({ attachments = [] }: Written) => {
      if (files.addStored(attachments) > 0) toast(fileStrings.tooMany(MOST_FILES));
    },
    /** Tokens of all of them, by the server's estimate. */
    tokens: list.reduce((sum, { stored }) => sum + (stored?.tokens ?? 0), 0),
    /** What the composer shows and has to know. */
    composer: {
      attach: <AttachButton onFiles={add} />,
      files: list.length > 0 ? <FileTray list={list} files={files} /> : undefined,
      blocked: whyWaiting(list) ?? (blind && fileStrings.cannotSee(shortName(blind.label))),
      onPasteText: (text: string) => {
        if (text.length > LONG_PASTE) setPasted(text);
      },
    },
    notice: (
      <>
        {blind && <CannotSee model={blind} models={models} onPick={onModel} />}
        {offered !== null && (
          <LongPasteOffer length={offered.length} onAccept={() => asFile(offered)} onDismiss={() => setPasted(null)} />
        )}
      </>
    ),
  };
}

/** Which file a message waits for, or cannot be sent with; null when it can be sent. */
function whyWaiting(list: readonly DraftFile[]): string | null {
  const failed = list.find(({ state }) => state === 'failed');
  if (failed) return fileStrings.removeFirst(failed.name);
  const unready = list.find(({ state }) => state !== 'ready');
  return unready ? fileStrings.waitsFor(unready.name) : null;
}
