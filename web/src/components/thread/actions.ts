import { createContext } from 'react';
import type { ModelsHandle } from '../../hooks/useModels';
import type { Written } from '../../transport/types';
import type { DecideFrame, ToolCall } from '../../protocol';
import type { ThreadMessage } from '../../session/thread';
import type { MessageActions } from './useMessageTools';

/** What a person decides on a tool call. */
export type Decision = Pick<DecideFrame, 'allow' | 'remember' | 'arguments' | 'reason' | 'answers'>;

/** What can be done with a message of the thread. Ids are those of `ThreadMessage`. */
export interface ThreadActions extends MessageActions {
  /** A reply is being made: nothing that asks for another one is possible. */
  busy: boolean;
  models: ModelsHandle;
  /** The own message that is being edited. */
  editing: string | null;
  startEdit(id: string): void;
  /** Gives the focus back to where the editing began. */
  endEdit(): void;
  edit(id: string, message: Written): void;
  /** @param model another one than is chosen, for this reply alone */
  regenerate(id: string, model?: string): void;
  /** The same reply once more, with a model that the chat keeps. */
  retryWith(id: string, model: string): void;
  goOn(id: string): void;
  /** Allows or denies a tool call. A failure shows a toast. */
  decide(message: ThreadMessage, call: ToolCall, decision: Decision): Promise<void>;
  /** Allows replies twice as many tokens, and asks for this one again. */
  raise(id: string): void;
  /** @param versionId the server's id; false when it cannot be shown now */
  show(versionId: string): Promise<boolean>;
  /** The model that wrote a version, as far as that is known. */
  modelOf(versionId: string): string | undefined;
}

/** Null where messages are only shown. */
export const Actions = createContext<ThreadActions | null>(null);
