import { useQueryClient } from '@tanstack/react-query';
import { CloudOff, LogIn, SearchX, ServerCrash } from 'lucide-react';
import { Suspense, use, useEffect, useState } from 'react';
import { Frame } from './components/Frame';
import { loadThread } from './components/loadThread';
import { Shell } from './components/Shell';
import { Skeleton } from './components/ui/Skeleton';
import { StateCard } from './components/ui/StateCard';
import { signInAddress } from './signIn';
import { useClearChat } from './hooks/useClearChat';
import { useConversation, type ConversationHandle, type ConversationView } from './hooks/useConversation';
import { markdownSettled } from './components/markdown/load';
import { conversationKey } from './state/queries';
import { idInPath, route } from './state/route';
import { strings } from './strings';

/** The last thread stays for so long (ms) while the next one is on its way. */
const PATIENCE_MS = 200;

export function App() {
  const handle = useSettled(useConversation());
  const [composer, setComposer] = useState(false);
  return (
    <Frame composer={composer}>
      <Content {...handle} onComposer={setComposer} />
    </Frame>
  );
}

/** A conversation that is opened quickly follows the last one at once: nothing flashes between. */
function useSettled(handle: ConversationHandle): ConversationHandle {
  const client = useQueryClient();
  const { view } = handle;
  const { status } = view;
  const [last, setLast] = useState<ConversationView | null>(null);
  const [late, setLate] = useState(false);
  const opened = status === 'ready' ? view.conversation.id : null;
  useEffect(() => {
    if (status !== 'loading') setLast(status === 'ready' ? view : null);
    // The view is a new object at each drawing.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [status, opened]);
  useEffect(() => {
    if (status !== 'loading') return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [status]);
  // A deleted conversation does not stay.
  const stays = last?.status === 'ready' && client.getQueryData(conversationKey(last.conversation.id));
  return status === 'loading' && stays && !late ? { ...handle, view: last } : handle;
}

interface ContentProps extends ConversationHandle {
  /** Is there a message field? */
  onComposer(there: boolean): void;
}

function Content({ view, startFresh, starting, onComposer }: ContentProps) {
  const clear = useClearChat(startFresh);
  if (view.status === 'ready') {
    return (
      <Suspense fallback={<Loading title={view.conversation.title} blank={view.history.length === 0} />}>
        <Ready key={view.conversation.id} view={view} startFresh={clear} onComposer={onComposer} />
      </Suspense>
    );
  }
  if (view.status === 'loading') return <Loading title={view.title} blank={idInPath(route.path()) === null} />;
  return (
    <Shell title="">
      <NoThread view={view} startFresh={startFresh} starting={starting} />
    </Shell>
  );
}

interface ReadyProps {
  view: Extract<ConversationView, { status: 'ready' }>;
  startFresh: ConversationHandle['startFresh'];
  onComposer: ContentProps['onComposer'];
}

/** Waits for the markdown renderer when there is something to render: nothing is laid out twice. */
function Ready({ view: { conversation, history }, startFresh, onComposer }: ReadyProps) {
  const { Thread } = use(loadThread());
  if (history.length > 0) use(markdownSettled());
  // Nothing of this is done before the thread's code is there.
  useEffect(() => {
    onComposer(true);
    return () => onComposer(false);
  }, [onComposer]);
  return <Thread conversation={conversation} history={history} startFresh={startFresh} />;
}

/** @param blank it may be a new conversation */
function Loading({ title, blank }: { title: string; blank: boolean }) {
  return (
    <Shell title={title}>
      <Skeleton blank={blank} />
    </Shell>
  );
}

interface NoThreadProps extends Omit<ConversationHandle, 'view'> {
  view: Exclude<ConversationView, { status: 'ready' | 'loading' }>;
}

function NoThread({ view, startFresh, starting }: NoThreadProps) {
  const { missing, signedOut, offline, failed, toWelcome } = strings.states;
  if (view.status === 'missing') {
    return (
      <StateCard icon={SearchX} title={missing.title} body={missing.body}>
        <button type="button" className="button button-primary" disabled={starting} onClick={() => void startFresh()}>
          {missing.action}
        </button>
        <a className="button button-quiet" href="/">
          {toWelcome}
        </a>
      </StateCard>
    );
  }
  if (view.status === 'signed_out') {
    return (
      <StateCard icon={LogIn} title={signedOut.title} body={signedOut.body}>
        <a className="button button-primary" href={signInAddress()}>
          {signedOut.action}
        </a>
      </StateCard>
    );
  }
  const words = navigator.onLine ? failed : offline;
  return (
    <StateCard icon={navigator.onLine ? ServerCrash : CloudOff} title={words.title} body={words.body}>
      <button type="button" className="button button-primary" onClick={() => view.retry()}>
        {words.action}
      </button>
    </StateCard>
  );
}
