// First: the AI SDK builds its schemas as it loads.
import '../jitless';
import { useCallback, useEffect, useRef, useState } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import type { ThreadMessage } from '../session/thread';
import type { ConversationHandle } from '../hooks/useConversation';
import { useModels } from '../hooks/useModels';
import { useParameters } from '../hooks/useParameters';
import { usePlayground } from '../hooks/usePlayground';
import { useTabTitle } from '../hooks/useTabTitle';
import { loadMarkdown } from './markdown/load';
import { PlainText } from './markdown/plain';
import type { Conversation, ModelList } from '../protocol';
import { showSettings, useFrame } from '../state/frame';
import { rememberModel } from '../state/modelChoice';
import { findModel, shortName } from '../state/models';
import { toast } from '../state/toasts';
import { formatDate } from '../format';
import { parameterErrors } from '../transport/apiError';
import { errorWords } from '../errorWords';
import { strings } from '../strings';
import { Actions } from './thread/actions';
import { announce } from './ui/announce';
import { ChatTitle } from './ChatTitle';
import { ClearChat } from './dialogs/ClearChat';
import { Composer, type ComposerHandle } from './composer/Composer';
// Not loaded when it is wanted: then there may be no network.
import { ConnectionDialog } from './dialogs/ConnectionDialog';
import { ConnectionNote } from './thread/ConnectionNote';
import { DemoNotice } from './thread/DemoNotice';
import { EmptyState } from './thread/EmptyState';
import { FoundPlaces } from './thread/FoundPlaces';
import { InlineError } from './ui/InlineError';
import { MessageList } from './thread/MessageList';
import { NoModelCard } from './models/NoModelCard';
import { ModelPicker } from './models/ModelPicker';
import { OtherModelButton, otherModelHelps } from './models/OtherModelButton';
import { missingModel, PullLink } from './models/PullModel';
import { RecentChats } from './RecentChats';
import { PlainNotice } from './thread/PlainNotice';
import { QuoteButton } from './thread/QuoteButton';
import { RunSettingsPanel } from './settings/RunSettingsPanel';
import { Shell } from './Shell';
import { Activity } from './thread/StreamingIndicator';
import { DropOverlay } from './composer/DropOverlay';
import { ThreadFiles, useThreadFiles } from './files/ThreadFiles';
import { TokenCountMeter } from './composer/TokenCountMeter';
import { TemporaryNote } from './thread/TemporaryNote';
import { useAttachments } from './composer/useAttachments';
import { usePrompts } from './composer/usePrompts';
import { useDraft } from './composer/useDraft';
import { useIncoming } from './composer/useIncoming';
import { TooLongNotice } from './composer/TooLongNotice';
import { useEscape } from './ui/useEscape';
import { useGiveBack, useRestoreRefused } from './composer/useGiveBack';
import { useDrawing } from './thread/useDrawing';
import { useReplyAnnouncements } from './thread/useReplyAnnouncements';
import { usePrint } from './thread/usePrint';
import { useMessageTools } from './thread/useMessageTools';
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
  const [draft, setDraft] = useDraft(conversation.id, !conversation.temporary);
  const settingsOpen = useFrame(({ settings }) => settings);
  const [clearing, setClearing] = useState(false);
  const [connectionOpen, setConnectionOpen] = useState(false);
  const showConnection = () => setConnectionOpen(true);
  const composer = useRef<ComposerHandle>(null);
  const { messages, busy, connection, sendError } = playground;
  const refused = parameterErrors(sendError?.fields);
  // A model that is gone is refused as a parameter, with whatever else may be wrong with one.
  const sendCode = 'model' in refused && sendError?.code === 'validation_error' ? 'model_not_found' : sendError?.code;
  const missing = missingModel(sendCode, parameters.values.model);
  const [plain, format] = useDrawing(conversation.id);
  const threadFiles = useThreadFiles(messages);

  const title = playground.title || conversation.title || strings.untitled;
  const askToClear = () => setClearing(true);
  useTabTitle(title, busy);
  useEffect(() => void loadMarkdown().catch(() => undefined), []);
  useEscape(playground.stop, busy);
  useReplyAnnouncements(messages, busy);
  usePrint(playground);
  const focusComposer = useCallback(() => composer.current?.focus(), []);
  const { change } = parameters;
  const chooseModel = useCallback(
    (model: string) => {
      change({ model });
      rememberModel(model);
      announce(strings.models.changed(shortName(model)));
      focusComposer();
    },
    [change, focusComposer],
  );
  const attachments = useAttachments({
    temporary: conversation.temporary === true,
    conversationId: conversation.id,
    draft,
    setDraft,
    models: models.models,
    model: parameters.values.model,
    onModel: chooseModel,
  });
  const giveBack = useGiveBack(draft, setDraft, attachments.giveBack);
  useRestoreRefused(sendError, giveBack);

  useIncoming({
    onText: (text) => {
      setDraft(draft === '' ? text : `${draft}\n\n${text}`);
      attachments.composer.onPasteText(text);
      requestAnimationFrame(focusComposer);
    },
    onFiles: attachments.add,
  });

  const tools = useMessageTools({ conversationId: conversation.id, playground, focusComposer });
  const actions = useThreadActions({ playground, models, parameters, focusComposer, tools, chooseModel });

  function send(content: string) {
    setDraft('');
    playground.send({ content, attachments: attachments.take() });
    if (busy) announce(strings.queue.added);
  }

  async function unqueue(clientId: string) {
    const message = await playground.unqueue(clientId).catch(() => undefined);
    if (message === undefined) return toast(strings.queue.notTaken);
    if (message === null) return toast(strings.queue.tooLate);
    giveBack(message);
    requestAnimationFrame(focusComposer);
  }

  /** All of them, with a way back: into the field. */
  function discard() {
    const { queued } = playground;
    const content = queued.map((message) => message.content).join('\n\n');
    const files = queued.flatMap((message) => message.attachments ?? []);
    const gone = queued.map(({ clientId }) => playground.unqueue(clientId));
    Promise.all(gone).then(
      () => toast(strings.queue.discarded, () => giveBack({ content, attachments: files })),
      () => toast(strings.queue.notTaken),
    );
  }

  function pick(text: string) {
    setDraft(text);
    // After the text is in the field, so that the caret lands behind it.
    requestAnimationFrame(() => composer.current?.focus());
  }

  const prompts = usePrompts(draft, pick);

  function quote(text: string) {
    setDraft(draft.trim() === '' ? `${text}\n\n` : `${draft.trimEnd()}\n\n${text}\n\n`);
    requestAnimationFrame(focusComposer);
  }

  const known = models.models;
  const noModel = known?.results.length === 0 && !known.default && <NoModelCard models={models} />;
  const notice = !noModel && known?.notice && <DemoNotice notice={known.notice} code={known.notice_code} />;
  return (
    <Shell
      title={title}
      heading={<ChatTitle id={conversation.id} title={title} onClear={askToClear} />}
      actions={{
        settingsOpen,
        onSettings: () => showSettings(!settingsOpen),
        onClear: askToClear,
      }}
      panel={
        settingsOpen && (
          <ErrorBoundary fallback={<p className="w-80 p-5 text-sm">{strings.states.panelCrashed}</p>}>
            <RunSettingsPanel
              parameters={parameters}
              models={models}
              mode={connection.mode}
              refused={refused}
              onModel={chooseModel}
              onConnection={showConnection}
              onClose={() => showSettings(false)}
            />
          </ErrorBoundary>
        )
      }
    >
      <FoundPlaces conversationId={conversation.id} playground={playground} />
      <ConnectionNote connection={connection} onSignedIn={playground.reconnect} onDetails={showConnection} />
      <div className="hidden print:mb-6 print:block">
        <p className="text-xl font-semibold" dir="auto">
          {title}
        </p>
        <p className="text-sm text-ink-muted">{formatDate(conversation.created_at)}</p>
      </div>
      {conversation.temporary && <TemporaryNote row={conversation} />}
      {plain && <PlainNotice onFormat={format} />}
      {messages.length === 0 ? (
        <EmptyState onPick={prompts.pick} ready={readyWords(known, parameters.values.model)} first={noModel}>
          {notice}
          <RecentChats except={conversation.id} />
        </EmptyState>
      ) : (
        <Actions value={actions}>
          <ThreadFiles value={threadFiles}>
          <PlainText value={plain}>
          <MessageList
            messages={messages}
            busy={busy}
            mode={connection.mode}
            onRetry={playground.retry}
            hasOlder={playground.hasOlder}
            loadOlder={playground.loadOlder}
          >
            {noModel || notice}
          </MessageList>
          </PlainText>
          </ThreadFiles>
          <QuoteButton onQuote={quote} />
        </Actions>
      )}
      <Composer
        ref={composer}
        text={draft}
        onChange={setDraft}
        {...attachments.composer}
        onSend={send}
        onStop={playground.stop}
        onEditLast={actions.editLast}
        suggestions={prompts.suggestions}
        busy={busy}
        queued={
          <QueuedMessages
            messages={playground.queued}
            busy={busy}
            held={playground.queueHeld}
            onResume={() => void playground.resumeQueue().catch(() => toast(strings.errors.unreachable))}
            onDiscard={discard}
            onUnqueue={unqueue}
            onArrange={playground.arrangeQueue}
            onSendNow={playground.sendNow}
          />
        }
        notice={
          <>
            {sendError ? (
              <InlineError message={errorWords({ code: sendCode ?? '', message: sendError.message })}>
                {otherModelHelps(sendCode, parameters.values.model, models) && (
                  <OtherModelButton models={models} failed={parameters.values.model} onPick={chooseModel} />
                )}
                {missing && <PullLink model={missing} />}
              </InlineError>
            ) : (
              !busy && !actions.editing && <TooLongNotice messages={messages} onEdit={actions.editLast} />
            )}
            {attachments.notice}
          </>
        }
        activity={<Activity messages={messages} />}
        model={<ModelPicker models={models} value={parameters.values.model} onPick={chooseModel} />}
        meter={
          <TokenCountMeter
            messages={messages}
            draft={draft}
            fileTokens={attachments.tokens}
            maxTokens={parameters.values.max_tokens}
            model={parameters.values.model}
            window={modelWindow(models.models, parameters.values.model)}
          />
        }
      />
      <DropOverlay />
      {prompts.form}
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

/** That the chosen model is there, and where it runs; undefined while that is not known. */
function readyWords(models: ModelList | undefined, chosen: string | null): string | undefined {
  const model = findModel(models?.results ?? [], chosen ?? models?.default ?? '');
  if (!model || models?.error) return undefined;
  const place = model.remote === null ? '' : model.remote ? strings.empty.away : strings.empty.here;
  return strings.empty.ready(shortName(model.label), place);
}

/** The chosen model's window in tokens, or null when it is unknown. */
function modelWindow(models: ModelList | undefined, chosen: string | null): number | null {
  const id = chosen ?? models?.default;
  return findModel(models?.results ?? [], id ?? '')?.context_length ?? null;
}
