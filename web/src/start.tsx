import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ErrorBoundary } from 'react-error-boundary';
import { App } from './App';
import { Announcer } from './components/ui/announce';
import { Crashed } from './components/Crashed';
import { loadThread } from './components/loadThread';
import { markdownSettled } from './components/markdown/load';
import { openedMessages } from './state/opened';
import { renewNotifications } from './state/notifications';
import { leaveWhenSignedOut } from './state/signedOut';
import { registerWorker } from './worker';
import './styles/later.css';

leaveWhenSignedOut();
const client = new QueryClient();
const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');

// What the server has drawn stays until all of it can be drawn anew.
const messages = openedMessages();
const parts = messages === null ? [] : [loadThread(), messages > 0 && markdownSettled()];
void Promise.allSettled(parts).then(() => {
  createRoot(root).render(
    <StrictMode>
      <ErrorBoundary fallback={<Crashed />}>
        <QueryClientProvider client={client}>
          <App />
        </QueryClientProvider>
      </ErrorBoundary>
      <Announcer />
    </StrictMode>,
  );
  // The person is told nothing of it: without it the page works on.
  void registerWorker().then(renewNotifications).catch(() => undefined);
});
