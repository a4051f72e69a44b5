"""Finds conversations and messages of one user. Nothing else reads them by id.

Missing rows and other users' rows raise the same error.
"""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from conversations.errors import NotFound
from conversations.people.models import User
from conversations.statements import Statement
from conversations.threads.models import Conversation, Message

# A use of a temporary conversation is stored at most this often: an open socket uses it all the
# time.
USE_PRECISION = timedelta(minutes=5)

_conversation = Statement(
    lambda conversation_id: Conversation.objects.filter(
        id=conversation_id, deleted_at=None
    ).order_by()
)


def conversation(user: User, conversation_id: UUID) -> Conversation:
    """Return the user's conversation, which is a use of it. Raises `NotFound`."""
    row = next(iter(_conversation.objects(conversation_id)), None)
    if row is None or row.user_id != user.pk:
        raise NotFound("Conversation not found.")
    row.user = user
    _note_use(row)
    return row


def _note_use(conversation: Conversation) -> None:
    """Keep a temporary conversation for another while."""
    now = timezone.now()
    if conversation.temporary and (conversation.used_at or now) <= now - USE_PRECISION:
        Conversation.objects.filter(id=conversation.id).update(used_at=now)


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
