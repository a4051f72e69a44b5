"""What keeps a turn with tools going where the database, a follower or a reader is slow."""

import json
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import DataError, OperationalError
from django.utils import timezone

from conversations.threads import selectors
from conversations.threads.models import Awaits, Conversation, Message, Status
from conversations.threads.selectors import OpenedTurn
from conversations.tools.models import State, ToolCall
from streaming.peers import NoPeers
from streaming.replies.row_events import events_of_ended
from streaming.replies.turns import Turns
from streaming.tools import runs


def asking(state: State, awaits: str, next_status: str | None) -> OpenedTurn:
    """A reply that has asked for one tool, whose call is in this state."""
    conversation = Conversation(id=uuid4(), awaits=awaits)
    reply = Message(
        id=uuid4(),
        conversation=conversation,
        created_at=timezone.now(),
        status=Status.COMPLETED,
        finish_reason="tool_calls",
    )
    arguments = json.dumps({"expression": "1"})
    reply.tool_calls = [
        ToolCall(id=uuid4(), server="builtin", name="calculate", arguments=arguments, state=state)
    ]
    return OpenedTurn(conversation, None, reply, created=False, next_status=next_status)


@pytest.mark.parametrize(
    ("state", "awaits", "next_status", "late", "what_comes"),
    [
        (State.ASKED, Awaits.DECISION, None, False, "decision"),
        (State.RUNNING, Awaits.TOOLS, None, False, "tools"),
        (State.DONE, Awaits.TOOLS, None, False, "tools"),
        (State.DONE, "", Status.STREAMING, False, "tools"),
        (State.DONE, "", Status.COMPLETED, True, "tools"),
        (State.DONE, "", Status.COMPLETED, False, None),
        (State.CANCELLED, "", None, True, None),
    ],
)
def test_an_overtaken_follower_hears_what_comes(
    state: State, awaits: str, next_status: str | None, late: bool, what_comes: str | None
):
    """Who takes `next: null` for the end of the turn would miss the replies that follow."""
    end = events_of_ended(asking(state, awaits, next_status), question=False, late=late)[-1]
    assert (end["type"], end["next"]) == ("message_end", what_comes)


async def test_what_a_database_refuses_is_tried_again(monkeypatch: pytest.MonkeyPatch):
    """For as long as it takes: else the turn would wait for the next start of the server."""
    monkeypatch.setattr(runs, "STORE_RETRIES", (0.0,))
    tries: list[int] = []

    async def work() -> str:
        tries.append(1)
        if len(tries) < 20:
            raise OperationalError("database is locked")
        return "stored"

    assert await runs._insist(work) == "stored"

    async def impossible() -> None:
        raise DataError("too large")

    with pytest.raises(DataError):
        await runs._insist(impossible)


async def test_a_reply_that_begins_is_no_leftover(monkeypatch: pytest.MonkeyPatch):
    """Its row is there a moment before its task is: who reads it then must not close it."""
    nothing: Any = SimpleNamespace()
    peers = NoPeers()
    turns = Turns(nothing, nothing, nothing, peers, nothing)
    closed: list[Conversation] = []
    monkeypatch.setattr(peers, "close_abandoned", lambda of: closed.append(of) or True)
    opened = asking(State.ALLOWED, "", None)
    opened.reply.status = Status.STREAMING
    monkeypatch.setattr(selectors, "opened_turn", lambda reply_id: opened)
    async with turns._running.new_ids() as (_, reply_id):
        turns._result(reply_id)
        assert closed == []
    turns._result(reply_id)
    assert closed == [opened.conversation]
