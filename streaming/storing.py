"""What a running reply writes into the database, always beside the stream."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from django.db import DatabaseError

from conversations import services
from streaming.stripes import stripes
from streaming.turn import Turn

logger = logging.getLogger(__name__)

# The partial text is kept in the database this often: seconds, or characters, whichever is first.
CHECKPOINT_SECONDS = 2.0
CHECKPOINT_CHARACTERS = 4096
CHECKPOINT_TICK = 0.25

# Waits between tries to store the end of a reply while the database refuses, in seconds.
CLOSE_RETRIES = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)


async def keep(turn: Turn) -> None:
    """Keep the text so far in the database, until cancelled. A write that is under way when it
    is cancelled is finished by its thread, before any later write of the same turn."""
    log, saved, age = turn.log, 0, CHECKPOINT_SECONDS  # the first text is kept at once
    while True:
        await asyncio.sleep(CHECKPOINT_TICK)
        age += CHECKPOINT_TICK
        new = log.size - saved
        if not (new >= CHECKPOINT_CHARACTERS or (new and age >= CHECKPOINT_SECONDS)):
            continue
        size, age = log.size, 0.0
        try:
            await database_sync_to_async(services.save_partial)(
                reply_id=turn.id,
                content=log.text("content"),
                reasoning=log.text("reasoning"),
                seq=log.seq,
            )
            saved = size
        except DatabaseError as error:
            logger.warning("turn %s: not kept yet (%s)", turn.id, type(error).__name__)


async def store_end(turn: Turn, fields: dict[str, Any]) -> bool:
    """Close the reply's row, trying for a while when the database refuses; `False` if it never
    took it: then the next turn, or the next start, closes the row as interrupted."""
    for wait in (*CLOSE_RETRIES, None):
        try:
            await database_sync_to_async(services.close_reply)(reply_id=turn.id, **fields)
            return True
        except DatabaseError as error:
            logger.error("turn %s: end not stored (%s)", turn.id, type(error).__name__)
        if wait is not None:
            await asyncio.sleep(wait)
    return False


async def announce_stopping(turn: Turn) -> None:
    """Record that a stop was asked for, then tell the followers."""
    async with stripes.borrow():
        with suppress(DatabaseError):
            if await database_sync_to_async(services.mark_stopping)(reply_id=turn.id):
                turn.log.enter("stopping")
