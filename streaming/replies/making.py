"""The life of one reply's task: make it, store its end.

Everything written here goes to the database beside the stream: no follower waits for a write.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from channels.db import database_sync_to_async
from django.db import DatabaseError

from conversations.threads import message_queue as queue
from conversations.threads import replies
from conversations.threads.models import Message, Status
from conversations.tools import selectors
from conversations.tools.asking import Asked, ask
from conversations.tools.models import ToolCall
from conversations.tools.offers import Offer
from conversations.usage.services import ClosedReply
from streaming import revocation
from streaming.db_threads import db_threads
from streaming.errors import STORE_FAILURES, UNSTORABLE, Description, describe
from streaming.events import End
from streaming.provider_slots import ProviderSlots
from streaming.replies import engine
from streaming.replies.result import Result
from streaming.replies.row_events import settle
from streaming.replies.turn import LOST, Turn
from streaming.routing import Router

logger = logging.getLogger(__name__)

# Waits between tries to store the end of a reply while the database refuses, in seconds.
CLOSE_RETRIES = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)

# How often a process that lost a reply looks whether its row was closed, in seconds.
LEARN_SECONDS = 0.5

NOT_STORED = Description(
    "unavailable", "The reply could not be stored: the database does not answer.", 503, True
)


async def make(turn: Turn, router: Router, slots: ProviderSlots) -> End | None:
    """Make a reply and store its end; the caller tells it. `None` when another process has taken
    the reply: then nothing more was written. Cancelling interrupts the reply."""
    async with db_threads.borrow():
        turn.producer = asyncio.create_task(
            engine.produce(
                turn.plan, router, slots, turn.log, turn.result, partial(_save_route, turn)
            )
        )
        if turn.cut_as:
            turn.producer.cancel()
        failure: Exception | None = None
        stop = partial(turn.cut, Status.STOPPED)
        try:
            with revocation.work_of(turn.plan.caller, stop):
                await turn.producer
        except asyncio.CancelledError:
            if turn.cut_as is None:  # the loop itself is going down
                turn.cut_as = Status.INTERRUPTED
        except Exception as error:
            failure = error
            if describe(error).code == "internal":
                logger.error("reply %s failed unexpectedly", turn.id, exc_info=error)
        if turn.cut_as == LOST:
            return None
        text = turn.log.text("content") + turn.log.text("reasoning") + turn.result.calls.text()
        return await _store(turn, outcome(turn.result, text, turn.cut_as, failure))


def outcome(result: Result, text: str, cut_as: str | None, failure: Exception | None) -> End:
    """How a reply with this text ended. A reply that was whole before it was cut is completed."""
    finish_reason: str | None = result.finish.reason if result.finish else None
    if result.finish is not None and failure is None:
        return result.end(Status.COMPLETED, finish_reason, None, text)
    if cut_as == Status.STOPPED:
        return result.end(Status.STOPPED, "stop", None, text)
    if cut_as is not None:
        return result.end(Status.INTERRUPTED, None, replies.INTERRUPTED, text)
    return result.end(Status.FAILED, None, describe(failure or RuntimeError()).as_error(), text)


async def _save_route(turn: Turn) -> None:
    """Record that another provider makes the reply now: in its row, then in its log, for those
    who follow from now on."""
    result = turn.result
    try:
        await database_sync_to_async(replies.save_route)(
            reply_id=turn.id,
            writer=turn.writer,
            model=result.model,
            provider_used=result.provider_used,
            fallback_used=result.fallback_used,
            context=result.context,
        )
    except DatabaseError as error:  # the end of the reply stores it again
        logger.warning("reply %s: provider not saved (%s)", turn.id, type(error).__name__)
    turn.log.reroute(result.model, result.provider_used, result.context)


async def _store(turn: Turn, end: End) -> End | None:
    """Close the reply's row, trying for a while when the database refuses.

    Figures of the provider that the database refuses are left out. Returns the end to tell: `None`
    when another process has closed the row; a failure when the database never took it (the row is
    then closed as interrupted by whoever reads it later).
    """
    content, reasoning = turn.log.text("content"), turn.log.text("reasoning")
    text = {"content": content, "reasoning": reasoning, "seq": turn.log.seq}
    recorder = _CallRecorder(turn.result.offers, _asked(turn.result, end))
    for wait in (0.0, *CLOSE_RETRIES, None):
        try:
            columns = {**end.to_row(), **text}
            closed, turn.followed = await db_threads.run(
                _close, turn, columns, recorder if recorder.asked else None
            )
            return recorder.with_calls(end) if closed else None
        except STORE_FAILURES as error:
            logger.error("reply %s: end not stored (%s)", turn.id, type(error).__name__)
            if isinstance(error, UNSTORABLE):
                turn.result.finish = None
                end = replace(
                    end,
                    tokens=turn.result.tokens(content + reasoning),
                    timings=turn.result.timings(),
                    context=None,
                )
        if wait is not None:
            await asyncio.sleep(wait)
    return replace(end, status=str(Status.FAILED), error=NOT_STORED.as_error())


def _close(
    turn: Turn, columns: dict[str, Any], record_calls: "_CallRecorder | None"
) -> tuple[bool, bool]:
    """Close the reply's row. Returns whether this did, and whether messages may wait behind it."""
    closed = replies.close_reply(
        **{"reply_id": turn.id, "writer": turn.writer, **columns},
        record_calls=record_calls,
        reply=_closed(turn, columns),
    )
    # Looked at only now: another process that adds one later finds the conversation free.
    try:
        return closed, queue.waits(conversation_id=turn.conversation_id)
    except DatabaseError:
        return closed, True


def _closed(turn: Turn, columns: dict[str, Any]) -> ClosedReply:
    """What the reply's row says when these columns are stored."""
    caller = turn.plan.caller
    return ClosedReply(
        **{name: columns[name] for name in ("tokens", "context", "content", "reasoning")},
        author_id=caller.user.pk,
        key_id=caller.key_id,
        model=columns["model"],
        provider=columns["provider_used"],
        status=columns["status"],
        door=caller.door,
        owner_id=turn.owner_id,
    )


def _asked(result: Result, end: End) -> list[Asked]:
    """The calls with which a reply has ended: only a whole reply asks, and only for what it was
    offered."""
    whole = end.status == Status.COMPLETED and end.finish_reason == selectors.ASKS
    return result.calls.whole() if whole and result.offers else []


class _CallRecorder:
    """Stores the calls with which a reply ends, and tells of them."""

    def __init__(self, offers: Sequence[Offer], asked: Sequence[Asked]) -> None:
        self._offers, self.asked = offers, asked
        self._rows: list[ToolCall] = []

    def __call__(self, reply: Message) -> None:
        self._rows = ask(reply=reply, asked=self.asked, offers=self._offers)

    def with_calls(self, end: End) -> End:
        """The end with the calls. All of them may have failed at once: then the turn goes on."""
        if not self._rows:
            return end
        wire_calls = [selectors.as_wire(row) for row in self._rows]
        return replace(end, tool_calls=wire_calls, next=selectors.next_of(self._rows) or "tools")


async def learn_end(turn: Turn) -> None:
    """Wait until another process has closed the reply's row, and end the log as the row did."""
    while True:
        with suppress(DatabaseError):
            for row in await database_sync_to_async(replies.closed)(reply_ids=[turn.id]):
                settle(turn.log, row)
                return
            if not await database_sync_to_async(replies.exists)(reply_id=turn.id):
                turn.log.abandon()
                return
        await asyncio.sleep(LEARN_SECONDS)


async def announce_stopping(turn: Turn) -> None:
    """Record that a stop was asked for, then tell the followers."""
    async with db_threads.borrow():
        with suppress(DatabaseError):
            if await database_sync_to_async(replies.mark_stopping)(reply_id=turn.id):
                turn.log.enter("stopping")
