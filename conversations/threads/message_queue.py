"""Messages that wait until the reply before them has ended. Sync, one transaction each.

A queued message becomes a turn in the transaction that takes it off the queue
(`services.open_turn`), so it is never sent twice and never lost in between.
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from conversations.errors import ClientIdConflict, Conflict, NotFound
from conversations.people.models import ApiKey, User
from conversations.threads.models import Conversation, QueuedMessage

# Messages that may wait in one conversation.
MOST_QUEUED = 20


class QueueFull(Conflict):
    code = "queue_full"
    message = f"There are {MOST_QUEUED} messages waiting already."


def add(
    *,
    conversation: Conversation,
    author: User,
    client_id: UUID,
    content: str,
    parameters: dict[str, Any],
    key: ApiKey | None = None,
    door: str = "",
) -> None:
    """Put a message at the end; one that waits already stays where it is. One that came with a
    key goes when the key is revoked.

    Raises:
        ClientIdConflict: the client_id waits with other content.
        QueueFull: too many are waiting.
    """
    with transaction.atomic():
        # The row of the conversation keeps two that come together from both being the last.
        Conversation.objects.select_for_update().get(id=conversation.id)
        known = QueuedMessage.objects.filter(conversation=conversation, client_id=client_id).first()
        if known is not None:
            if known.content != content:
                raise ClientIdConflict
            return
        if conversation.queue.count() >= MOST_QUEUED:
            raise QueueFull
        QueuedMessage.objects.create(
            conversation=conversation,
            author=author,
            client_id=client_id,
            content=content,
            parameters=parameters,
            key=key,
            door=door,
        )


def take_back(*, conversation: Conversation, client_id: UUID) -> None:
    """Remove a message that waits. Raises `NotFound` when it does not (any more)."""
    removed, _ = QueuedMessage.objects.filter(
        conversation=conversation, client_id=client_id
    ).delete()
    if not removed:
        raise NotFound("There is no such message waiting.")


def items(*, conversation_id: UUID) -> list[QueuedMessage]:
    """What waits, in its order."""
    return list(QueuedMessage.objects.filter(conversation_id=conversation_id))


def following(*, conversation_id: UUID) -> QueuedMessage | None:
    """The message whose turn is next."""
    return (
        QueuedMessage.objects.filter(conversation_id=conversation_id, error__isnull=True)
        .select_related("author", "conversation__user", "key")
        .first()
    )


def refuse(*, item: QueuedMessage, error: dict[str, Any]) -> None:
    """Note why a message's turn could not begin."""
    QueuedMessage.objects.filter(id=item.id).update(error=error)


def waiting_conversations() -> list[UUID]:
    """Conversations in which something waits, for a server that has just started."""
    found = QueuedMessage.objects.filter(
        error__isnull=True, conversation__deleted_at=None
    ).order_by()
    return list(found.values_list("conversation_id", flat=True).distinct())
