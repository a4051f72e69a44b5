"""Writes the row of a reply while it is made, and closes it. Sync, keyword-only.

A reply is closed once. Every write requires an open status and the process that writes the
reply, so a process that is late or has lost the reply changes nothing.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from conversations.statements import Update, change_each, changed
from conversations.threads import storage
from conversations.threads.models import OPEN, Conversation, Message, Status
from conversations.tools.selectors import add_calls
from conversations.usage import services as usage

# Written out: Django takes longer to build it than the database for all the rest, and it is asked
# forty times a second.
_SAVE = f"""
UPDATE {Message._meta.db_table} SET content = %s, reasoning = %s, seq = %s
WHERE seq <= %s AND status IN ('{"', '".join(OPEN)}') AND id = %s AND writer = %s
"""  # noqa: S608 - the name of our own table
_SAVE_BY_NONE = _SAVE.replace("writer = %s", "writer IS NULL")

_update = Update(Message)

INTERRUPTED: dict[str, Any] = {
    "code": "interrupted",
    "message": "The server stopped while writing this reply.",
    "retryable": True,
}


def save_partial(
    *, reply_id: UUID, writer: UUID | None, content: str, reasoning: str, seq: int
) -> bool:
    """Store the text so far. Returns `False` if the reply has ended or has another writer."""
    sql, values = _saving(reply_id, writer, content, reasoning, seq)
    return bool(changed(sql, values))


def save_partials(texts: Iterable[dict[str, Any]]) -> None:
    """`save_partial` for each of these, all or none."""
    together: dict[str, list[list[Any]]] = {}
    for text in texts:
        sql, values = _saving(**text)
        together.setdefault(sql, []).append(values)
    with transaction.atomic():
        for sql, rows in together.items():
            change_each(sql, rows)


def _saving(
    reply_id: UUID, writer: UUID | None, content: str, reasoning: str, seq: int
) -> tuple[str, list[Any]]:
    native = connection.features.has_native_uuid_field
    keys = [key if native else key.hex for key in (reply_id, writer) if key is not None]
    return _SAVE_BY_NONE if writer is None else _SAVE, [content, reasoning, seq, seq, *keys]


def save_route(*, reply_id: UUID, writer: UUID | None, **route: Any) -> bool:
    """Store a changed model and provider. Returns `False` if the reply has ended or has another
    writer."""
    open_row = Message.objects.filter(id=reply_id, writer=writer, status__in=OPEN)
    return bool(open_row.update(**route))


def mark_stopping(*, reply_id: UUID) -> bool:
    """Store that a stop was requested. Returns `False` if the reply is not streaming."""
    return bool(
        Message.objects.filter(id=reply_id, status=Status.STREAMING).update(status=Status.STOPPING)
    )


def close_reply(
    *,
    reply_id: UUID,
    writer: UUID | None,
    status: str,
    record_calls: Callable[[Message], None] | None = None,
    reply: usage.ClosedReply | None = None,
    **fields: Any,
) -> bool:
    """Close a reply with its text and figures, and record its usage. Returns `False`, and changes
    nothing, if the reply has ended or has another writer.

    `record_calls` stores the calls of tools with which the reply ends, in the same transaction.
    `reply` is what the row says then, where that is known and need not be read."""
    with transaction.atomic():
        changes = {"status": status, "completed_at": timezone.now(), **fields}
        closed = _update(changes, id=reply_id, writer=writer, status=tuple(OPEN))
        if closed:
            reply = usage.record_reply(reply_id=reply_id, reply=reply)
            if record_calls is not None:
                record_calls(Message.objects.get(id=reply_id))
            size = storage.text_bytes(reply.content, reply.reasoning)
            storage.add(user_id=reply.owner_id, size=size)
    return bool(closed)


def interrupt(
    *, reply_id: UUID, writer: UUID | None, seq: int, content: str, reasoning: str
) -> Message | None:
    """Close a reply whose writer has died, with the longer of the given and the stored text.
    Returns the row, or `None` if another process has closed it."""
    with transaction.atomic():
        row = (
            Message.objects.select_for_update(no_key=True)
            .filter(id=reply_id, status__in=OPEN)
            .first()
        )
        if row is None:
            return None
        fields = {"content": content, "reasoning": reasoning, "seq": seq}
        text: dict[str, Any] = fields if seq > row.seq else {}
        status = Status.INTERRUPTED
        if not close_reply(
            reply_id=reply_id, writer=writer, status=status, error=INTERRUPTED, **text
        ):
            return None
        row.refresh_from_db()
    return row


def interrupt_open_replies(*, conversation: Conversation | None = None) -> int:
    """Close the open replies of a process that died, with their stored text. Returns how many.

    Only safe where no other process writes: at start-up, or in a conversation whose writer is
    known to have died.
    """
    rows = Message.objects.filter(status__in=OPEN)
    if conversation is not None:
        rows = rows.filter(conversation=conversation)
    return sum(
        close_reply(reply_id=key, writer=writer, status=Status.INTERRUPTED, error=INTERRUPTED)
        for key, writer in list(rows.values_list("id", "writer"))
    )


def open_replies() -> list[Message]:
    """Return all open replies of all processes, without their text."""
    fields = ("id", "conversation_id", "writer", "status")
    return list(Message.objects.filter(status__in=OPEN).only(*fields).order_by())


def closed(*, reply_ids: Iterable[UUID]) -> list[Message]:
    """Return those of the replies that have ended."""
    rows = list(Message.objects.filter(id__in=list(reply_ids)).exclude(status__in=OPEN))
    add_calls(rows)
    return rows


def is_written_by(*, reply_id: UUID, writer: UUID) -> bool:
    """Tell whether a reply is open and written by this process."""
    return Message.objects.filter(id=reply_id, writer=writer, status__in=OPEN).exists()


def exists(*, reply_id: UUID) -> bool:
    """Tell whether the row exists: its conversation may have been purged."""
    return Message.objects.filter(id=reply_id).exists()


def begun_and_ended_since(*, conversation_id: UUID, moment: datetime) -> list[UUID]:
    """Return the ended replies of a conversation that began at `moment` or later, in order."""
    rows = Message.shown.filter(
        conversation_id=conversation_id, role=Message.Role.ASSISTANT, created_at__gte=moment
    ).exclude(status__in=OPEN)
    return list(rows.order_by("created_at", "id").values_list("id", flat=True))


def running_in(*, conversation_id: UUID) -> UUID | None:
    """Return the open reply of a conversation, or `None`."""
    rows = Message.objects.filter(conversation_id=conversation_id, status__in=OPEN).order_by()
    return rows.values_list("id", flat=True).first()
