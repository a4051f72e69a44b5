"""The only way to a conversation or a message. Missing rows and other users' rows look the same."""

from uuid import UUID

from conversations.errors import NotFound
from conversations.people.models import User
from conversations.threads.models import Conversation, Message


def conversation(user: User, conversation_id: UUID) -> Conversation:
    """The user's conversation, or `NotFound`."""
    try:
        row = Conversation.objects.get(id=conversation_id, user=user, deleted_at=None)
    except Conversation.DoesNotExist:
        raise NotFound("There is no such conversation.") from None
    row.user = user
    return row


def deleted_conversation(user: User, conversation_id: UUID) -> Conversation:
    """The user's conversation that was deleted and can still be restored, or `NotFound`."""
    row = Conversation.objects.filter(
        id=conversation_id, user=user, deleted_at__isnull=False
    ).first()
    if row is None:
        raise NotFound("There is no such deleted conversation.")
    return row


def message(user: User, message_id: UUID, conversation_id: UUID | None = None) -> Message:
    """The user's message (in that conversation, if one is named), or `NotFound`."""
    found = Message.objects.filter(
        id=message_id, conversation__user=user, conversation__deleted_at=None
    )
    if conversation_id is not None:
        found = found.filter(conversation_id=conversation_id)
    if row := found.first():
        return row
    raise NotFound("There is no such message.")
