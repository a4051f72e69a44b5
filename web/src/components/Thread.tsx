// First: the AI SDK builds its schemas as it loads.
import '../jitless';
import { useCallback, useEffect, useRef, useState } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import type { ThreadMessage } from '../session/thread';
import type { ConversationHandle } from '../hooks/useConversation';
import { useModels } from '../hooks/useModels';
import { useParameters } from '../hooks/useParameters';
import { usePlayground } from '../hooks/usePlayground';
import { loadMarkdown } from './markdown/load';
import type { Conversation, ModelList } from '../protocol';
import { rememberModel } from '../state/modelChoice';
import { findModel, shortName } from '../state/models';
import { toast } from '../state/toasts';
import { formatDate } from '../format';
import { strings } from '../strings';
import { Actions } from './thread/actions';
import { announce } from './ui/announce';
import { ClearChat } from './dialogs/ClearChat';
import { Composer, type ComposerHandle } from './composer/Composer';
// Not loaded when it is wanted: then there may be no network.
import { ConnectionDialog } from './dialogs/ConnectionDialog';
import { ConnectionNote } from './thread/ConnectionNote';
import { DemoNotice } from './thread/DemoNotice';
import { EmptyState } from './thread/EmptyState';
import { InlineError } from './ui/InlineError';
import { MessageList } from './thread/MessageList';
import { ModelPicker } from './models/ModelPicker';
import { RunSettingsPanel } from './settings/RunSettingsPanel';
import { Shell } from './Shell';
import { Activity } from './thread/StreamingIndicator';
import { TokenCountMeter } from './composer/TokenCountMeter';
import { useDraft } from './composer/useDraft';
import { useEscape } from './ui/useEscape';
import { useGiveBack, useRestoreRefused } from './composer/useGiveBack';
import { useReplyAnnouncements } from './thread/useReplyAnnouncements';
import { useSettingsOpen } from './settings/useSettingsOpen';
import { useThreadActions } from './thread/useThreadActions';
import { QueuedMessages } from './composer/QueuedMessages';

interface Props {
  conversation: Conversation;
  history: ThreadMessage[];
  startFresh: ConversationHandle['startFresh'];
}

/** One open conversation. Mount it anew (by key) for another one. */
export function Thread({ conversation, history, startFresh }: Props) {
  const playground = usePlayground(conversation.id, history);
  const parameters = useParameters(conversation.id);
  const models = useModels();
  const [draft, setDraft] = useDraft(conversation.id);
  const [settingsOpen, setSettingsOpen] = useSettingsOpen();
  const [clearing, setClearing] = useState(false);
  const [connectionOpen, setConnectionOpen] = useState(false);
  const showConnection = () => setConnectionOpen(true);
  const composer = useRef<ComposerHandle>(null);
  const { messages, busy, connection, sendError } = playground;

  useEffect(() => void loadMarkdown().catch(() => undefined), []);
  useEscape(playground.stop, busy);
  useReplyAnnouncements(messages, busy);
  const giveBack = useGiveBack(draft, setDraft);
  useRestoreRefused(sendError, giveBack);

  const focusComposer = useCallback(() => composer.current?.focus(), []);
  const actions = useThreadActions({ playground, models, focusComposer });

  function chooseModel(model: string) {
    parameters.change({ model });
    rememberModel(model);
    announce(strings.models.changed(shortName(model)));
    focusComposer();
  }

  function send(content: string) {
    setDraft('');
    playground.send(content);
    if (busy) announce(strings.queue.added);
  }

  async function unqueue(clientId: string) {
    const content = await playground.unqueue(clientId).catch(() => undefined);
    if (content === undefined) return toast(strings.queue.notTaken);
    if (content === null) return toast(strings.queue.tooLate);
    giveBack(content);
    requestAnimationFrame(focusComposer);
  }

  function pick(text: string) {
    setDraft(text);
    // After the text is in the field, so that the caret lands behind it.
    requestAnimationFrame(() => composer.current?.focus());
  }

  const notice = models.models?.notice && <DemoNotice notice={models.models.notice} />;
  return (
    <Shell
      title={playground.title || conversation.title || strings.untitled}
      actions={{
        settingsOpen,
        onSettings: () => setSettingsOpen(!settingsOpen),
        onClear: () => setClearing(true),
      }}
      panel={
        settingsOpen && (
          <ErrorBoundary fallback={<p className="w-80 p-5 text-sm">{strings.states.panelCrashed}</p>}>
            <RunSettingsPanel
              parameters={parameters}
              models={models}
              mode={connection.mode}
              onModel={chooseModel}
              onConnection={showConnection}
              onClose={() => setSettingsOpen(false)}
            />
          </ErrorBoundary>
        )
      }
    >
      <ConnectionNote connection={connection} onSignedIn={playground.reconnect} onDetails={showConnection} />
      <div className="hidden print:mb-6 print:block">
        <p className="text-xl font-semibold" dir="auto">
          {playground.title || conversation.title || strings.untitled}
        </p>
        <p className="text-sm text-ink-muted">{formatDate(conversation.created_at)}</p>
      </div>
      {messages.length === 0 ? (
        <EmptyState onPick={pick}>{notice}</EmptyState>
      ) : (
        <Actions value={actions}>
          <MessageList
            messages={messages}
            busy={busy}
            mode={connection.mode}
            onRetry={playground.retry}
            hasOlder={playground.hasOlder}
            loadOlder={playground.loadOlder}
          >
            {notice}
          </MessageList>
        </Actions>
      )}
      <Composer
        ref={composer}
        text={draft}
        onChange={setDraft}
        onSend={send}
        onStop={playground.stop}
        onEditLast={actions.editLast}
        busy={busy}
        queued={<QueuedMessages messages={playground.queued} busy={busy} onUnqueue={unqueue} />}
        notice={sendError && <InlineError message={sendError.message} />}
        activity={<Activity messages={messages} />}
        model={<ModelPicker models={models} value={parameters.values.model} onPick={chooseModel} />}
        meter={
          <TokenCountMeter
            messages={messages}
            draft={draft}
            maxTokens={parameters.values.max_tokens}
            model={parameters.values.model}
            window={modelWindow(models.models, parameters.values.model)}
          />
        }
      />
      {connectionOpen && (
        <ConnectionDialog
          connection={connection}
          heardAt={playground.heardAt}
          onRetry={playground.reconnect}
          onClose={() => setConnectionOpen(false)}
        />
      )}
      {clearing && <ClearChat running={busy} onConfirm={startFresh} onClose={() => setClearing(false)} />}
    </Shell>
  );
}

/** The chosen model's window in tokens, or null when it is unknown. */
function modelWindow(models: ModelList | undefined, chosen: string | null): number | null {
  const id = chosen ?? models?.default;
  return findModel(models?.results ?? [], id ?? '')?.context_length ?? null;
}
