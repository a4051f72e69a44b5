"""Finds conversations and messages of one user. Nothing else reads them by id.

Missing rows and other users' rows raise the same error.
"""

from uuid import UUID

from conversations.errors import NotFound
from conversations.people.models import User
from conversations.threads.models import Conversation, Message


def conversation(user: User, conversation_id: UUID) -> Conversation:
    """Return the user's conversation. Raises `NotFound`."""
    try:
        row = Conversation.objects.get(id=conversation_id, user=user, deleted_at=None)
    except Conversation.DoesNotExist:
        raise NotFound("Conversation not found.") from None
    row.user = user
    return row


def deleted_conversation(user: User, conversation_id: UUID) -> Conversation:
    """Return the user's deleted conversation that can be restored. Raises `NotFound`."""
    row = Conversation.objects.filter(
        id=conversation_id, user=user, deleted_at__isnull=False
    ).first()
    if row is None:
        raise NotFound("Deleted conversation not found.")
    return row


def message(user: User, message_id: UUID, conversation_id: UUID | None = None) -> Message:
    """Return the user's message, of that conversation if one is given. Raises `NotFound`."""
    rows = Message.shown.filter(
        id=message_id, conversation__user=user, conversation__deleted_at=None
    )
    if conversation_id is not None:
        rows = rows.filter(conversation_id=conversation_id)
    if row := rows.first():
        return row
    raise NotFound("Message not found.")


def deleted_message(user: User, message_id: UUID) -> Message:
    """Return the user's deleted message. Raises `NotFound`."""
    row = Message.objects.filter(
        id=message_id,
        conversation__user=user,
        conversation__deleted_at=None,
        deleted_at__isnull=False,
    ).first()
    if row is None:
        raise NotFound("Deleted message not found.")
    return row
