import { memo } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import type { ThreadMessage } from '../../session/thread';
import { useLateMarkdown } from '../markdown/load';
import { strings } from '../../strings';
import { Literal } from '../ui/Literal';
import { AssistantMessage } from './AssistantMessage';
import { messageText } from '../../session/messageText';
import type { MessageProps } from './messageProps';
import { UserMessage } from './UserMessage';
import { formatTime } from '../../format';

/** One message. Whatever breaks while it is laid out stays in here. */
export const Message = memo(function ThreadEntry(props: MessageProps) {
  const { message } = props;
  const renderer = useLateMarkdown();
  const Entry = message.role === 'user' ? UserMessage : AssistantMessage;
  return (
    <ErrorBoundary resetKeys={[message, renderer]} fallback={<PlainMessage message={message} />}>
      <MessageHeading message={message} />
      <Entry {...props} />
    </ErrorBoundary>
  );
});

/** Where a message begins, among the headings of the page: for those who go from one to the next. */
function MessageHeading({ message: { role, metadata } }: { message: ThreadMessage }) {
  const name = role === 'user' ? strings.thread.you : strings.thread.assistant;
  return <h2 className="sr-only select-none print:hidden">{metadata?.created_at ? `${name}, ${formatTime(metadata.created_at)}` : name}</h2>;
}

function PlainMessage({ message }: { message: ThreadMessage }) {
  const name = message.role === 'user' ? strings.thread.you : strings.thread.assistant;
  return (
    <article aria-label={name} className="md:ps-11">
      <p className="mb-1 text-sm text-ink-muted">{strings.reply.broken}</p>
      <p className="break-words whitespace-pre-wrap" dir="auto">
        <Literal text={messageText(message)} />
      </p>
    </article>
  );
}
