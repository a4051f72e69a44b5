"""The message queue of a conversation. Sync, one transaction each.

`services.open_turn` removes a message in the transaction that stores its turn, so a message is
neither sent twice nor lost.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from conversations.errors import ClientIdConflict, Conflict, NotFound
from conversations.files import selectors as file_selectors
from conversations.files import services as file_services
from conversations.people.models import ApiKey, User
from conversations.statements import Statement
from conversations.threads import services, storage
from conversations.threads.models import Conversation, QueuedMessage

# Most messages in the queue of one conversation.
MOST_QUEUED = 20


# Asked after every reply, and nothing waits after most.
_waiting = Statement(
    lambda conversation_id: (
        QueuedMessage.objects.filter(conversation_id=conversation_id, error__isnull=True)
        .order_by()
        .values_list("id")
    )
)


class QueueFull(Conflict):
    code = "queue_full"
    message = f"The queue is full: at most {MOST_QUEUED} messages."


def add(
    *,
    conversation: Conversation,
    author: User,
    client_id: UUID,
    content: str,
    parameters: dict[str, Any],
    attachments: Sequence[UUID] = (),
    key: ApiKey | None = None,
    door: str = "",
) -> None:
    """Add a message at the end; a message that is queued stays where it is.

    Raises:
        ClientIdConflict: the client_id is queued with different content or files.
        FilesNotReady: one of its files is not ready.
        QueueFull: the queue is full.
        StorageFull: the person whose conversation it is has no room for it.
    """
    size = storage.MESSAGE + storage.text_bytes(content)
    services.require_room(user_id=conversation.user_id, size=size)
    with transaction.atomic():
        # Locks the conversation: two messages at the same time could both take the last place.
        Conversation.objects.select_for_update(no_key=True).get(id=conversation.id)
        known = QueuedMessage.objects.filter(conversation=conversation, client_id=client_id).first()
        if known is not None:
            if known.content != content or _attached(known) != [*attachments]:
                raise ClientIdConflict
            return
        if conversation.queue.count() >= MOST_QUEUED:
            raise QueueFull
        files = file_selectors.sendable(user=author, ids=attachments)
        if not conversation.queue.filter(error__isnull=True).exists():
            resume(conversation_id=conversation.id)  # of what was held, nothing is left
        row = QueuedMessage.objects.create(
            conversation=conversation,
            author=author,
            client_id=client_id,
            content=content,
            parameters=parameters,
            key=key,
            door=door,
        )
        file_services.attach_queued(files=files, queued_id=row.id)
        storage.add(user_id=conversation.user_id, size=size)


def _attached(row: QueuedMessage) -> list[UUID]:
    files = file_selectors.attached(column="queued_id", ids=[row.id])
    return [file.id for file in files[row.id]]


def take_back(*, conversation: Conversation, client_id: UUID) -> None:
    """Remove a queued message; its files stay as those that were never sent. Raises `NotFound`."""
    with transaction.atomic():
        queued = QueuedMessage.objects.filter(conversation=conversation, client_id=client_id)
        rows = list(queued.select_for_update())
        for row in rows:
            file_services.keep_unsent(ids=_attached(row))
        if not queued.delete()[0]:
            raise NotFound("Queued message not found.")
        size = sum(storage.MESSAGE + storage.text_bytes(row.content) for row in rows)
        storage.add(user_id=conversation.user_id, size=-size)


def arrange(*, conversation: Conversation, client_ids: Sequence[UUID]) -> None:
    """Put queued messages into this order. Those that it does not name stay behind, in theirs; ids
    of messages that are not queued (any more) are passed over."""
    with transaction.atomic():
        # Locks the conversation: of two orders at the same time, one is wholly the last.
        Conversation.objects.select_for_update(no_key=True).get(id=conversation.id)
        rows = list(QueuedMessage.objects.filter(conversation=conversation))
        wanted = {client_id: place for place, client_id in enumerate(client_ids)}
        rows.sort(key=lambda row: wanted.get(row.client_id, len(wanted)))
        for place, row in enumerate(rows):
            row.position = place - len(rows)
        QueuedMessage.objects.bulk_update(rows, ["position"])


def put_first(*, conversation: Conversation, client_id: UUID) -> None:
    """Put a queued message before the others, and hold none of them any more. Raises `NotFound`
    when it is not queued, or could not be sent."""
    queued = QueuedMessage.objects.filter(conversation=conversation, client_id=client_id)
    if not queued.filter(error__isnull=True).exists():
        raise NotFound("Queued message not found.")
    arrange(conversation=conversation, client_ids=[client_id])
    resume(conversation_id=conversation.id)


def hold(*, conversation_id: UUID) -> bool:
    """Begin none of the messages that wait, until `resume`. Returns whether there are any."""
    waiting = QueuedMessage.objects.filter(conversation_id=conversation_id, error__isnull=True)
    if not waiting.exists():
        return False
    Conversation.objects.filter(id=conversation_id).update(queue_held=True)
    return True


def resume(*, conversation_id: UUID) -> None:
    """Let the messages that wait begin again."""
    Conversation.objects.filter(id=conversation_id).update(queue_held=False)


def items(*, conversation_id: UUID) -> tuple[list[QueuedMessage], bool]:
    """Return the queued messages in order, with their files, and whether those that could begin
    are held."""
    rows = list(QueuedMessage.objects.filter(conversation_id=conversation_id))
    _add_files(rows)
    waits = any(row.error is None for row in rows)
    held = Conversation.objects.filter(id=conversation_id, queue_held=True)
    return rows, waits and held.exists()


def _add_files(rows: Sequence[QueuedMessage]) -> None:
    files = file_selectors.attached(column="queued_id", ids=[row.id for row in rows])
    for row in rows:
        row.files = files[row.id]


def waits(*, conversation_id: UUID) -> bool:
    """Return whether there may be a message that can begin: `following` says which."""
    return bool(_waiting.rows(conversation_id))


def following(*, conversation_id: UUID) -> QueuedMessage | None:
    """Return the next message that can begin, or `None`: none can in a deleted conversation, while
    they are held, or while a turn waits for its tools."""
    if not waits(conversation_id=conversation_id):
        return None
    row = (
        QueuedMessage.objects.filter(
            conversation_id=conversation_id,
            conversation__deleted_at=None,
            conversation__queue_held=False,
            conversation__awaits="",
            error__isnull=True,
        )
        .select_related("author", "conversation__user", "key")
        .first()
    )
    if row is not None:
        _add_files([row])
    return row


def refuse(*, item: QueuedMessage, error: dict[str, Any]) -> None:
    """Store why the turn of a message could not begin."""
    QueuedMessage.objects.filter(id=item.id).update(error=error)


def waiting_conversations() -> list[UUID]:
    """Return the conversations with queued messages that can begin."""
    rows = QueuedMessage.objects.filter(
        error__isnull=True,
        conversation__deleted_at=None,
        conversation__queue_held=False,
        conversation__awaits="",
    ).order_by()
    return list(rows.values_list("conversation_id", flat=True).distinct())
