"""The steps of tool calls that run. Sync, keyword-only, one transaction each.

A call is asked for (`asking`), allowed or denied (`approval`), runs, and ends in one of the final
states. A call that needs its owner's sign-in goes back and waits for it. Each step locks the
conversation, and changes nothing if the call has left the state before: any process may take a
step, and may repeat it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from conversations.errors import NotFound
from conversations.ids import new_id
from conversations.threads import storage
from conversations.threads.models import Awaits, Conversation, Message
from conversations.tools.models import UNDECIDED, UNDER_WAY, State, ToolCall
from conversations.tools.selectors import next_of

# Calls of one reply, and characters of the arguments and of the result of each.
MOST_CALLS: Final = 16
MOST_ARGUMENTS: Final = 100_000
MOST_RESULT: Final = 32_000
# A call that runs for so much longer than it may was left by a process that died.
SPARE: Final = timedelta(seconds=15)

# What the model is told instead of a result.
DENIED: Final = "The user denied this call."
SUPERSEDED: Final = "The user did not decide, and wrote a new message instead."
CANCELLED: Final = "The user stopped this call."
INTERRUPTED: Final = (
    "The server stopped while this call ran. It is not known whether it took effect."
)


def size_of(row: ToolCall) -> int:
    """Return how many bytes a call counts against the storage of its owner."""
    texts = (row.arguments, row.extra_content, row.result, row.reason, row.input)
    return storage.MESSAGE + storage.text_bytes(*texts)


def is_under_way(*, conversation: Conversation) -> bool:
    """Tell whether calls of a conversation run, or are about to."""
    return in_conversation(conversation).filter(state__in=UNDER_WAY).exists()


def claim(*, message_id: UUID, writer: UUID) -> list[ToolCall]:
    """Begin to run the allowed calls of a reply, by a process. Returns those that this began."""
    with transaction.atomic():
        locked_of(message_id)
        rows = list(ToolCall.objects.filter(message_id=message_id, state=State.ALLOWED))
        for row in rows:
            row.state, row.writer, row.started_at = State.RUNNING, writer, timezone.now()
            row.save(update_fields=["state", "writer", "started_at"])
    return rows


def finish(*, call: ToolCall, state: str, result: str, took_s: float, **more: Any) -> bool:
    """Store what became of a running call. Returns `False`, and changes nothing, if it was stopped
    or given up meanwhile."""
    with transaction.atomic():
        conversation = locked_of(call.message_id)
        row = ToolCall.objects.filter(id=call.id, state=State.RUNNING, writer=call.writer).first()
        if row is None:
            return False
        before = row.size
        _end(row, state, result)
        row.took_s = round(took_s, 3)
        for name, value in more.items():
            setattr(row, name, value)
        row.size = size_of(row)
        row.save()
        settle(conversation, call.message_id)
        storage.add(user_id=conversation.user_id, size=row.size - before)
    return True


def put_back(*, call: ToolCall) -> bool:
    """Let a running call wait until its owner has signed in to its server. Returns `False`, and
    changes nothing, if it was stopped or given up meanwhile."""
    with transaction.atomic():
        conversation = locked_of(call.message_id)
        row = ToolCall.objects.filter(id=call.id, state=State.RUNNING, writer=call.writer).first()
        if row is None:
            return False
        row.state, row.writer, row.started_at = State.NEEDS_SIGN_IN, None, None
        row.save(update_fields=["state", "writer", "started_at"])
        settle(conversation, call.message_id)
    return True


def ask_input(*, call: ToolCall, text: str) -> bool:
    """Let a running call wait until a person has answered what its server asks (`inputs.asked`).
    Returns `False`, and changes nothing, if it was stopped or given up meanwhile."""
    with transaction.atomic():
        conversation = locked_of(call.message_id)
        row = ToolCall.objects.filter(id=call.id, state=State.RUNNING, writer=call.writer).first()
        if row is None:
            return False
        before = row.size
        row.state, row.writer, row.started_at, row.input = State.ASKED, None, None, text
        row.size = size_of(row)
        row.save(update_fields=["state", "writer", "started_at", "input", "size"])
        settle(conversation, call.message_id)
        storage.add(user_id=conversation.user_id, size=row.size - before)
    return True


def _end(row: ToolCall, state: str, result: str) -> None:
    row.state, row.completed_at, row.input = state, timezone.now(), ""
    row.result, row.truncated = result[:MOST_RESULT], len(result) > MOST_RESULT


def running(*, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these calls are still to run."""
    rows = ToolCall.objects.filter(id__in=list(ids), state=State.RUNNING).order_by()
    return set(rows.values_list("id", flat=True))


def stop(*, conversation_id: UUID) -> list[ToolCall]:
    """Cancel the calls of a conversation that wait or run, and end its turn. Returns them."""
    with transaction.atomic():
        conversation = locked(conversation_id)
        rows = list(in_conversation(conversation).filter(state__in=(*UNDECIDED, *UNDER_WAY)))
        for row in rows:
            _end(row, State.CANCELLED, CANCELLED)
            if row.started_at is not None:
                row.took_s = round((timezone.now() - row.started_at).total_seconds(), 3)
            row.save()
        if conversation.awaits:
            Conversation.objects.filter(pk=conversation_id).update(awaits="")
    return rows


def interrupt_lost(*, all_of_them: bool) -> list[ToolCall]:
    """Give up the calls of processes that died, and return them: all that run, or those that have
    run for too long."""
    rows = ToolCall.objects.select_related("message").filter(state=State.RUNNING)
    if not all_of_them:
        rows = rows.filter(started_at__lt=_late())
    lost = list(rows)
    return [
        call
        for call in lost
        if finish(call=call, state=State.INTERRUPTED, result=INTERRUPTED, took_s=0.0)
    ]


def left_waiting(*, all_of_them: bool) -> list[UUID]:
    """Return the replies whose turn has to go on, and goes on nowhere: its process died. With
    `all_of_them` there is no other process; else those that have waited for too long."""
    waiting = ToolCall.objects.filter(
        message__conversation__awaits=Awaits.TOOLS,
        message__conversation__deleted_at=None,
        message__deleted_at=None,
    )
    newest = waiting.order_by("message__conversation", "-created_at", "-id")
    asking: dict[UUID, ToolCall] = {}
    for call in newest.select_related("message").defer("result", "message__content"):
        asking.setdefault(call.message.conversation_id, call)
    late = _late()
    return [
        call.message_id
        for call in asking.values()
        if all_of_them or max(_moments(of_message(call.message_id))) < late
    ]


def _late() -> datetime:
    return timezone.now() - timedelta(seconds=settings.CHAT_TOOL_SECONDS) - SPARE


def _moments(rows: QuerySet[ToolCall]) -> Iterator[datetime]:
    for row in rows:
        moments = (row.created_at, row.decided_at, row.started_at, row.completed_at)
        yield from (moment for moment in moments if moment is not None)


def of_message(message_id: UUID) -> QuerySet[ToolCall]:
    """Return the calls of one reply in order."""
    return ToolCall.objects.filter(message_id=message_id).order_by("position")


def settle(conversation: Conversation, message_id: UUID) -> None:
    """Note what the turn waits for now."""
    if not conversation.awaits:
        return
    calls = list(ToolCall.objects.filter(message_id=message_id).only("state"))
    Conversation.objects.filter(pk=conversation.pk).update(awaits=next_of(calls) or Awaits.TOOLS)


def in_conversation(conversation: Conversation) -> QuerySet[ToolCall]:
    """Return the calls of the messages of a conversation that are shown."""
    return ToolCall.objects.filter(message__conversation=conversation, message__deleted_at=None)


def locked_of(message_id: UUID) -> Conversation:
    """Lock the conversation of a message, and return it. Raises `NotFound`."""
    row = Message.objects.filter(id=message_id).only("conversation_id").first()
    if row is None:
        raise NotFound("Message not found.")
    return locked(row.conversation_id)


def locked(conversation_id: UUID) -> Conversation:
    """Lock a conversation until the transaction ends, and return it."""
    return Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)


# --- With their messages ----------------------------------------------------------------------


def erase(*, messages: QuerySet[Message]) -> None:
    """Erase the texts of the calls of deleted messages."""
    rows = ToolCall.objects.filter(message__in=messages, size__gt=storage.MESSAGE)
    for row in rows.select_related("message__conversation"):
        with transaction.atomic():
            before = row.size
            row.arguments, row.extra_content, row.result = "{}", "", ""
            row.reason, row.input = "", ""
            row.size = storage.MESSAGE
            row.save()
            user_id = row.message.conversation.user_id
            storage.add(user_id=user_id, size=row.size - before)


def copy(*, copies: Mapping[UUID, UUID]) -> int:
    """Copy the calls of messages to those that were copied from them, in the caller's transaction.
    Returns what they take. What nobody has decided is denied in the copy."""
    made: list[ToolCall] = []
    for row in ToolCall.objects.filter(message_id__in=list(copies)).order_by("message", "position"):
        row.pk, row.message_id = new_id(), copies[row.message_id]
        row._state.adding = True
        if row.completed_at is None:
            row.state, row.result, row.completed_at = State.DENIED, SUPERSEDED, timezone.now()
        row.decision = row.writer = None
        row.input = ""
        made.append(row)
    ToolCall.objects.bulk_create(made)
    return sum(row.size for row in made)
