"""The only way to a row that somebody owns. What is missing and what is another's look the same."""

from uuid import UUID

from conversations.errors import NotFound
from conversations.models import ApiKey, Conversation, Message, User


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


def api_key(user: User, key_id: UUID) -> ApiKey:
    """The user's API key, or `NotFound`."""
    try:
        return ApiKey.objects.get(id=key_id, user=user)
    except ApiKey.DoesNotExist:
        raise NotFound("There is no such API key.") from None
