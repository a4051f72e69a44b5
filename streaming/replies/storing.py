"""What a running reply writes into the database, always beside the stream."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from django.db import DatabaseError

from conversations.threads import replies
from streaming.db_threads import db_threads
from streaming.replies.turn import Turn, settle

logger = logging.getLogger(__name__)

# The partial text is kept in the database after so many characters, or seconds, whichever is
# first. What was not kept is lost when the process dies without Redis, so a few replies are kept
# often; of many, each less often, so that a process writes about forty times a second at most.
CHECKPOINT_CHARACTERS = 4096
CHECKPOINTS_A_SECOND = 40
SOONEST, LATEST = 0.25, 2.0

# Waits between tries to store the end of a reply while the database refuses, in seconds.
CLOSE_RETRIES = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)

# How often a process that lost a reply looks whether its row was closed, in seconds.
LEARN_SECONDS = 0.5


def pause(running: int) -> float:
    """Seconds between two checkpoints of one reply, when so many run in this process."""
    return min(max(running / CHECKPOINTS_A_SECOND, SOONEST), LATEST)


async def keep(turn: Turn, running: Callable[[], int]) -> None:
    """Keep the text so far in the database, until cancelled; `running` tells how many replies
    this process makes. A write that is under way when it is cancelled is finished by its thread,
    before any later write of the same turn."""
    log, saved, age = turn.log, 0, LATEST  # the first text is kept at once
    while True:
        await asyncio.sleep(SOONEST)
        age += SOONEST
        new = log.size - saved
        if not (new >= CHECKPOINT_CHARACTERS or (new and age >= pause(running()))):
            continue
        size, age = log.size, 0.0
        try:
            await database_sync_to_async(replies.save_partial)(
                reply_id=turn.id,
                writer=turn.writer,
                content=log.text("content"),
                reasoning=log.text("reasoning"),
                seq=log.seq,
            )
            saved = size
        except DatabaseError as error:
            logger.warning("turn %s: not kept yet (%s)", turn.id, type(error).__name__)


async def keep_route(turn: Turn) -> None:
    """Note in the reply's row that another provider makes it now, then in its log, for whoever
    follows from now on."""
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
    except DatabaseError as error:  # its end says it again
        logger.warning("turn %s: provider not kept (%s)", turn.id, type(error).__name__)
    turn.log.reroute(result.model, result.provider_used, result.context)


async def store_end(turn: Turn, fields: dict[str, Any]) -> bool:
    """Close the reply's row, trying for a while when the database refuses. `False` when it is not
    ours to close: another process ended it, or we did and the answer got lost.

    Raises:
        DatabaseError: it never took it; then whoever sees the row later closes it as interrupted.
    """
    for wait in (*CLOSE_RETRIES, None):
        try:
            ours: bool = await database_sync_to_async(replies.close_reply)(
                reply_id=turn.id, writer=turn.writer, **fields
            )
            return ours
        except DatabaseError as error:
            logger.error("turn %s: end not stored (%s)", turn.id, type(error).__name__)
            if wait is None:
                raise
        await asyncio.sleep(wait)
    raise AssertionError  # the last try returns or raises


async def learn_end(turn: Turn) -> None:
    """Let the log end as its row was closed by another process, when it has been."""
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
