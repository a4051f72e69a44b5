"""Writing a reply's row while it is made, and closing it. Sync, keyword-only.

A reply's status is closed once. Every write names the statuses that it may come from and the
process that writes the reply, so whoever is late, or has lost the reply, changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations.threads.models import OPEN, Conversation, Message, Status
from conversations.usage import services as usage

INTERRUPTED: dict[str, Any] = {
    "code": "interrupted",
    "message": "The server ended while this reply was being written.",
    "retryable": True,
}


def save_partial(
    *, reply_id: UUID, writer: UUID | None, content: str, reasoning: str, seq: int
) -> bool:
    """Keep the text so far of a reply that is being written; `False` if it has ended, or is not
    the writer's."""
    found = Message.objects.filter(id=reply_id, writer=writer, status__in=OPEN, seq__lte=seq)
    return bool(found.update(content=content, reasoning=reasoning, seq=seq))


def save_route(*, reply_id: UUID, writer: UUID | None, **route: Any) -> bool:
    """Keep which model and provider make a reply, when these are others than at its start;
    `False` if it has ended, or is not the writer's."""
    found = Message.objects.filter(id=reply_id, writer=writer, status__in=OPEN)
    return bool(found.update(**route))


def mark_stopping(*, reply_id: UUID) -> bool:
    """Record that a stop was asked for; `False` if the reply is not being written."""
    return bool(
        Message.objects.filter(id=reply_id, status=Status.STREAMING).update(status=Status.STOPPING)
    )


def close_reply(*, reply_id: UUID, writer: UUID | None, status: str, **fields: Any) -> bool:
    """End a reply with its text and figures, and record what it cost; `False`, and no change, if
    it has ended before, or is not the writer's."""
    with transaction.atomic():
        closed = Message.objects.filter(id=reply_id, writer=writer, status__in=OPEN).update(
            status=status, completed_at=timezone.now(), **fields
        )
        if closed:
            usage.record_reply(reply_id=reply_id)
    return bool(closed)


def interrupt(
    *, reply_id: UUID, writer: UUID | None, seq: int, content: str, reasoning: str
) -> Message | None:
    """End a reply whose writer is gone, with the text that reached its log, or what is stored
    where that is more. Gives the row, `None` if somebody else has ended it."""
    with transaction.atomic():
        row = Message.objects.select_for_update().filter(id=reply_id, status__in=OPEN).first()
        if row is None:
            return None
        fields = {"content": content, "reasoning": reasoning, "seq": seq}
        text = fields if seq > row.seq else {}
        status = Status.INTERRUPTED
        if not close_reply(
            reply_id=reply_id, writer=writer, status=status, error=INTERRUPTED, **text
        ):
            return None
        row.refresh_from_db()
    return row


def interrupt_open_replies(*, conversation: Conversation | None = None) -> int:
    """Close what a process left open when it died, with the text it had kept. Returns how many.

    Only where no other process can be writing: at start-up, or of one conversation whose writer
    is known to be gone.
    """
    found = Message.objects.filter(status__in=OPEN)
    if conversation is not None:
        found = found.filter(conversation=conversation)
    return sum(
        close_reply(reply_id=key, writer=writer, status=Status.INTERRUPTED, error=INTERRUPTED)
        for key, writer in list(found.values_list("id", "writer"))
    )


def open_replies() -> list[Message]:
    """Every reply that is being written, by whichever process, without its text."""
    fields = ("id", "conversation_id", "writer", "status")
    return list(Message.objects.filter(status__in=OPEN).only(*fields).order_by())


def closed(*, reply_ids: Iterable[UUID]) -> list[Message]:
    """Those of the replies that have ended."""
    return list(Message.objects.filter(id__in=list(reply_ids)).exclude(status__in=OPEN))


def is_written_by(*, reply_id: UUID, writer: UUID) -> bool:
    """Whether a reply is open, and this process is who writes it."""
    return Message.objects.filter(id=reply_id, writer=writer, status__in=OPEN).exists()


def exists(*, reply_id: UUID) -> bool:
    """Whether there is such a row at all: its conversation may have been removed for good."""
    return Message.objects.filter(id=reply_id).exists()


def begun_and_ended_since(*, conversation_id: UUID, moment: datetime) -> list[UUID]:
    """The replies in a conversation that began at that moment or later and have ended, in the
    order in which they began."""
    found = Message.objects.filter(
        conversation_id=conversation_id, role=Message.Role.ASSISTANT, created_at__gte=moment
    ).exclude(status__in=OPEN)
    return list(found.order_by("created_at", "id").values_list("id", flat=True))


def running_in(*, conversation_id: UUID) -> UUID | None:
    """The reply that is being written in a conversation, if any."""
    found = Message.objects.filter(conversation_id=conversation_id, status__in=OPEN).order_by()
    return found.values_list("id", flat=True).first()
