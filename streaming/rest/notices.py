"""What a change of the record does to sockets and running replies."""

from collections.abc import Iterable
from uuid import UUID

from asgiref.sync import async_to_sync

from conversations.notices import Notices
from conversations.threads.models import Conversation, Message
from streaming import hints
from streaming.lifecycle import lifecycle
from streaming.rest import live_text


class SocketNotices(Notices):
    """Tells sockets of changes, and stops the reply of a conversation that is being deleted."""

    def conversation_changed(self, conversation: Conversation) -> None:
        async_to_sync(hints.conversation_changed)(
            conversation.pk, conversation.title, conversation.head_id
        )

    def conversation_deleting(self, conversation: Conversation) -> None:
        async def stop() -> None:
            await (await lifecycle.start()).turns.stop_conversation(conversation.pk)

        async_to_sync(stop)()

    def conversation_deleted(self, conversation: Conversation) -> None:
        async_to_sync(hints.conversation_deleted)(conversation.pk)

    def credentials_changed(self, user_id: UUID) -> None:
        hints.credentials_changed_sync(user_id)

    def catch_up(self, messages: Iterable[Message]) -> None:
        live_text.catch_up(messages)
