"""One running reply, and what is told of it: to sockets, to its row, to the log of the server."""

import asyncio
import logging
from typing import Any, Protocol
from uuid import UUID

from conversations.threads import replies
from conversations.threads.models import Message, Status
from conversations.threads.selectors import OpenedTurn
from streaming import events
from streaming.errors import Description, describe
from streaming.events import End, Event, Snapshot
from streaming.limits import Permit
from streaming.log import MemoryLog, timestamp
from streaming.replies.engine import Plan, Result

logger = logging.getLogger(__name__)

# A turn that was taken from us is cut as this, which no row ever has for its status.
LOST = "lost"

INTERRUPTED = Description(
    replies.INTERRUPTED["code"], replies.INTERRUPTED["message"], 503, retryable=True
)


class Turn:
    """One reply that is being written (or has just ended: then `log.end` is set)."""

    def __init__(self, opened: OpenedTurn, plan: Plan, permit: Permit) -> None:
        self.id: UUID = opened.reply.id
        self.writer = opened.reply.writer
        self.conversation_id: UUID = opened.conversation.id
        self.user_id: UUID = opened.conversation.user_id
        self.plan = plan
        self.permit = permit
        self.log = MemoryLog(snapshot_of(opened.reply), user_event(opened.user_message))
        self.result = Result.of(plan)
        self.producer: asyncio.Task[None] | None = None
        self.cut_as: str | None = None

    def cut(self, status: str) -> None:
        """End the reply early as `stopped` or `interrupted`; the first call decides which. One that
        is `LOST` ends without a word, whatever was decided."""
        if (self.cut_as is None or status == LOST) and self.log.end is None:
            self.cut_as = status
            if self.producer is not None:
                self.producer.cancel()


class Owner(Protocol):
    """The turns of this process, as others may act on them."""

    def find(self, reply_id: UUID) -> Turn | None: ...
    def lose(self, reply_id: UUID) -> None: ...
    def advance(self, conversation_id: UUID) -> None: ...
    async def stop_here(self, reply_id: UUID) -> None: ...


def outcome(turn: Turn, failure: BaseException | None) -> tuple[End, str | None]:
    """How a turn ended, for its row and for `message_end`."""
    result, error = turn.result, None
    finish_reason: str | None = result.finish.reason if result.finish else None
    if result.finish is not None and failure is None:
        status = Status.COMPLETED  # the reply was whole before the cut came
    elif turn.cut_as is not None:
        status = Status(turn.cut_as)
        finish_reason = "stop" if status == Status.STOPPED else None
        if status == Status.INTERRUPTED:
            error = INTERRUPTED.as_error()
    else:
        status = Status.FAILED
        finish_reason = None
        error = describe(failure or RuntimeError()).as_error()
    completion = turn.log.text("content") + turn.log.text("reasoning")
    end = End(
        status=str(status),
        finish_reason=finish_reason,
        model=result.model,
        provider_used=result.provider_used,
        fallback_used=result.fallback_used,
        context=result.context or None,
        tokens=result.tokens(turn.plan.fitted, completion),
        error=error,
    )
    return end, finish_reason


def snapshot_of(reply: Message) -> Snapshot:
    """What every `message_start` of a reply says."""
    return Snapshot(
        id=str(reply.id),
        created_at=timestamp(reply.created_at),
        parent_id=str(reply.parent_id) if reply.parent_id else None,
        client_id=str(reply.client_id) if reply.client_id else None,
        model=reply.model,
        provider_used=reply.provider_used,
        context=reply.context,
    )


def user_event(message: Message | None) -> dict[str, Any] | None:
    """The `user_message` event of a stored message."""
    if message is None:
        return None
    return {
        "type": "user_message",
        "id": str(message.id),
        "client_id": str(message.client_id) if message.client_id else None,
        "parent_id": str(message.parent_id) if message.parent_id else None,
        "content": message.content,
        "created_at": timestamp(message.created_at),
    }


def end_of(reply: Message) -> End:
    """How a reply ended, as its row says."""
    return End(
        status=reply.status,
        finish_reason=reply.finish_reason or None,
        model=reply.model,
        provider_used=reply.provider_used,
        fallback_used=reply.fallback_used,
        context=reply.context,
        tokens=reply.tokens,
        error=reply.error,
    )


def settle(log: MemoryLog, reply: Message) -> None:
    """End a log as the reply's row did. One that says anything else is given up: whoever followed
    it comes back, and is told what is stored."""
    told = (log.seq, log.text("content"), log.text("reasoning"))
    if log.end is None and not log.lost and told == (reply.seq, reply.content, reply.reasoning):
        log.finish(end_of(reply))
    else:
        log.abandon()


def events_of_ended(opened: OpenedTurn, *, question: bool) -> list[Event]:
    """What a socket is told of a reply that has ended: all of it, and its end; before that, its
    `question` if that is wanted."""
    reply = opened.reply
    asked = user_event(opened.user_message) if question else None
    return [
        *([asked] if asked else []),
        events.message_start(
            snapshot_of(reply), seq=reply.seq, content=reply.content, reasoning=reply.reasoning
        ),
        events.message_end(
            str(reply.id), end_of(reply), seq=reply.seq + 1, full_content=reply.content
        ),
    ]


def log_turn(turn: Turn, end: End) -> None:
    """One line for each reply: figures, never text."""
    times, tokens = turn.result.timings(), end["tokens"] or {}
    logger.info(
        "turn id=%s conversation=%s user=%s provider=%s model=%s status=%s error=%s fallback=%s "
        "first_token_s=%s total_s=%s prompt_tokens=%s completion_tokens=%s tokens_from=%s "
        "dropped_messages=%s",
        turn.id,
        turn.conversation_id,
        turn.user_id,
        end["provider_used"],
        turn.result.model,
        end["status"],
        (end["error"] or {}).get("code", "-"),
        str(end["fallback_used"]).lower(),
        times.get("first_token_s", "-"),
        times["total_s"],
        tokens.get("prompt", "-"),
        tokens.get("completion", "-"),
        tokens.get("source", "-"),
        turn.result.context.get("dropped_messages", "-"),
    )
