"""Every read of tool calls. Sync, keyword-only."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson

from conversations.threads.models import Message
from conversations.tools import inputs
from conversations.tools.models import UNDECIDED, UNDER_WAY, State, ToolCall

ASKS = "tool_calls"


def asks(row: Message) -> bool:
    """Tell whether a reply may have calls: it ended by asking for tools."""
    return row.finish_reason == ASKS


def of_messages(*, ids: Iterable[UUID]) -> dict[UUID, list[ToolCall]]:
    """Return the calls of messages in order, by the messages' ids."""
    calls: dict[UUID, list[ToolCall]] = {}
    for row in ToolCall.objects.filter(message_id__in=list(ids)).order_by("position"):
        calls.setdefault(row.message_id, []).append(row)
    return calls


def by_id(*, ids: Iterable[UUID]) -> dict[UUID, ToolCall]:
    """Return calls by their ids."""
    return ToolCall.objects.in_bulk(list(ids))


def latest(*, conversation_id: UUID, limit: int) -> list[ToolCall]:
    """Return the newest calls of a conversation, oldest first."""
    rows = ToolCall.objects.filter(message__conversation_id=conversation_id)
    return list(rows.order_by("-created_at", "-id")[:limit])[::-1]


def add_calls(rows: Iterable[Message]) -> None:
    """Set `tool_calls` of messages; only those that asked for tools are looked up."""
    asking = [row for row in rows if asks(row)]
    calls = of_messages(ids=[row.id for row in asking]) if asking else {}
    for row in asking:
        row.tool_calls = calls.get(row.id, [])


def next_of(calls: Sequence[ToolCall]) -> str | None:
    """Return what a reply with these calls waits for, as `next` of `message_end`."""
    states = {call.state for call in calls}
    if states.intersection(UNDECIDED):
        return "decision"
    return "tools" if states.intersection(UNDER_WAY) else None


# The order in which a call goes through its states.
_ORDER = [
    *(State.NEEDS_SIGN_IN, State.ASKED, State.ALLOWED, State.RUNNING),
    *(State.DENIED, State.DONE, State.FAILED, State.CANCELLED, State.INTERRUPTED),
]


def rank(state: str) -> int:
    """Return how far a call in this state is."""
    return _ORDER.index(State(state))


def as_wire(call: ToolCall, state: str | None = None) -> dict[str, Any]:
    """Return a call as events and REST tell it; with an earlier `state`, as it was then."""
    before = state is not None and rank(state) < rank(call.state)
    wire: dict[str, Any] = {
        "id": str(call.id),
        "server": call.server,
        "name": call.name,
        "arguments": orjson.loads(call.arguments),
        "state": state if before else call.state,
    }
    if call.state == State.ASKED and (questions := inputs.open_questions(call.input)):
        wire["input"] = questions
    if call.completed_at is not None and not before:
        wire["result"] = call.result
        wire["truncated"] = call.truncated
        wire["files"] = call.files
        wire["took_s"] = call.took_s
    if call.reason and not before:
        wire["reason"] = call.reason
    return wire
