"""Making one reply, from its first piece to its stored end."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from django.db import DatabaseError

from conversations.threads.models import Status
from streaming import revocation
from streaming.db_threads import db_threads
from streaming.errors import Description, describe
from streaming.events import End
from streaming.provider_slots import ProviderSlots
from streaming.replies import engine, storing
from streaming.replies.turn import LOST, Turn, outcome
from streaming.routing import Router

logger = logging.getLogger(__name__)

NOT_STORED = Description(
    "unavailable", "The reply could not be stored: the database does not answer.", 503, True
)


async def make(
    turn: Turn, router: Router, slots: ProviderSlots, running: Callable[[], int]
) -> End | None:
    """Make a reply and store its end; what is left is to tell it. `None` when another process has
    taken the reply: then nothing more was written. Cancelling interrupts the reply. `running` tells
    how many replies this process makes."""
    async with db_threads.borrow():
        turn.producer = asyncio.create_task(
            engine.produce(
                turn.plan, router, slots, turn.log, turn.result, partial(storing.keep_route, turn)
            )
        )
        keeper = asyncio.create_task(storing.keep(turn, running))
        if turn.cut_as:
            turn.producer.cancel()
        failure: BaseException | None = None
        stop = partial(turn.cut, Status.STOPPED)
        try:
            with revocation.api_keys.running(turn.plan.caller.key_id, stop):
                await turn.producer
        except asyncio.CancelledError:
            if turn.cut_as is None:  # the loop itself is going down
                turn.cut_as = Status.INTERRUPTED
        except Exception as error:
            failure = error
            if describe(error).code == "internal":
                logger.error("turn %s failed unexpectedly", turn.id, exc_info=error)
        keeper.cancel()
        await asyncio.wait([keeper])
        return await _store(turn, failure)


async def _store(turn: Turn, failure: BaseException | None) -> End | None:
    if turn.cut_as == LOST:
        return None
    end, finish_reason = outcome(turn, failure)
    log, result = turn.log, turn.result
    fields = {
        "status": end["status"],
        "content": log.text("content"),
        "reasoning": log.text("reasoning"),
        "seq": log.seq,
        "finish_reason": finish_reason or "",
        "model": result.model,
        "provider_used": result.provider_used,
        "fallback_used": result.fallback_used,
        "tokens": end["tokens"],
        "context": result.context,
        "timings": result.timings(),
        "error": end["error"],
    }
    try:
        return end if await storing.store_end(turn, fields) else None
    except DatabaseError:
        return {**end, "status": str(Status.FAILED), "error": NOT_STORED.as_error()}
