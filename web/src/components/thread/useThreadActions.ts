import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { saidError } from '../../errorWords';
import type { ModelsHandle } from '../../hooks/useModels';
import type { ParametersHandle } from '../../hooks/useParameters';
import type { Playground } from '../../hooks/usePlayground';
import { strings } from '../../strings';
import type { ThreadActions } from './actions';
import type { MessageActions } from './useMessageTools';
import { announce } from '../ui/announce';
import { written } from '../../session/messageText';
import { serverIdOf } from '../../session/thread';
import { toast } from '../../state/toasts';
import { api } from '../../transport/api';
import { uuid } from '../../transport/edges';
import type { Written } from '../../transport/types';

interface Tools {
  playground: Playground;
  models: ModelsHandle;
  parameters: ParametersHandle;
  focusComposer(): void;
  tools: MessageActions;
  /** The chat's model from now on. */
  chooseModel(model: string): void;
}

export interface EditingActions extends ThreadActions {
  /** Edits the last own message; the focus comes back to the composer afterwards. */
  editLast(): void;
}

/** What messages can be asked to do, and which one is being edited. */
export function useThreadActions({ playground, models, parameters, focusComposer, tools, chooseModel }: Tools): EditingActions {
  const { messages, busy, edit, regenerate, retry, goOn, show, modelOf, called } = playground;
  const { change, values } = parameters;
  const maxTokens = values.max_tokens;
  const [editing, setEditing] = useState<string | null>(null);
  const fromComposer = useRef(false);

  const endEdit = useCallback(() => {
    setEditing(null);
    requestAnimationFrame(() => {
      if (fromComposer.current || !editing) focusComposer();
      else document.querySelector<HTMLElement>(`[data-edit="${CSS.escape(editing)}"]`)?.focus();
    });
  }, [editing, focusComposer]);

  const startEdit = useCallback((id: string) => {
    fromComposer.current = false;
    setEditing(id);
  }, []);

  const latest = useRef(messages);
  useEffect(() => {
    latest.current = messages;
  });
  const editLast = useCallback(() => {
    const own = latest.current.findLast(({ role, metadata }) => role === 'user' && metadata?.status === 'completed');
    if (!own) return;
    fromComposer.current = true;
    setEditing(own.id);
  }, []);

  return useMemo(
    () => ({
      ...tools,
      busy,
      models,
      editing,
      startEdit,
      endEdit,
      editLast,
      edit: (id, message) => {
        const before = latest.current.find((shown) => shown.id === id);
        setEditing(null);
        focusComposer();
        // The same again would be the same branch again.
        if (before && !isSame(written(before), message)) edit(id, message);
      },
      regenerate,
      retryWith: (id, model) => {
        chooseModel(model);
        retry(id);
      },
      goOn,
      decide: async (message, call, decision) => {
        const id = serverIdOf(message);
        try {
          called(id, await api.decide(id, call.id, { client_id: uuid(), ...decision }), call);
        } catch (error) {
          toast(saidError(error));
        }
      },
      modelOf,
      // The change is bounded by what is allowed.
      raise: (id) => {
        change({ max_tokens: 2 * maxTokens });
        regenerate(id);
      },
      show: async (versionId) => {
        const shown = await show(versionId);
        if (!shown) announce(strings.thread.switchFailed);
        return shown;
      },
    }),
    [tools, busy, models, editing, startEdit, endEdit, editLast, edit, regenerate, retry, chooseModel, goOn, called, show, modelOf, change, maxTokens, focusComposer],
  );
}

function isSame(one: Written, other: Written): boolean {
  const ids = ({ attachments = [] }: Written) => attachments.map(({ id }) => id).join();
  return one.content === other.content && ids(one) === ids(other);
}
