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

/** One message. Whatever breaks while it is laid out stays in here. */
export const Message = memo(function ThreadEntry(props: MessageProps) {
  const { message } = props;
  const renderer = useLateMarkdown();
  const Entry = message.role === 'user' ? UserMessage : AssistantMessage;
  return (
    <ErrorBoundary resetKeys={[message, renderer]} fallback={<PlainMessage message={message} />}>
      <Entry {...props} />
    </ErrorBoundary>
  );
});

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
