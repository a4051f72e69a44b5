import { createContext, useMemo } from 'react';
import type { Attachment } from '../../protocol';
import type { ThreadMessage } from '../../session/thread';

/** The files of the messages that are shown, by their ids. */
export type FilesById = ReadonlyMap<string, Attachment>;

export const ThreadFiles = createContext<FilesById>(new Map());

/** The same map until a message with files comes or goes: every reply that names files reads it. */
export function useThreadFiles(messages: readonly ThreadMessage[]): FilesById {
  const all = messages.flatMap(({ metadata }) => metadata?.attachments ?? []);
  const ids = all.map(({ id }) => id).join();
  // oxlint-disable-next-line react/exhaustive-deps -- the ids tell whether they are others
  return useMemo(() => new Map(all.map((file) => [file.id, file])), [ids]);
}
