import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ErrorBoundary } from 'react-error-boundary';
import { App } from './App';
import { Announcer } from './components/announce';
import { Crashed } from './components/Crashed';
import './styles/app.css';

const client = new QueryClient();
const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');

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
