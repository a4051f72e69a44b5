"""The autosave of the partial text of a running reply. No follower of the reply waits for it."""

import asyncio
import logging
from collections.abc import Callable

from django.db import DatabaseError

from conversations.threads import replies
from streaming.db_threads import db_threads
from streaming.replies.turn import Turn

logger = logging.getLogger(__name__)

# The partial text is saved after so many characters or seconds, whichever comes first. Text that
# was not saved is lost when the process dies without Redis, so a few replies are saved often and
# many replies less often each: a process writes at most about forty times a second.
CHECKPOINT_CHARACTERS = 4096
CHECKPOINTS_A_SECOND = 40
SOONEST, LATEST = 0.25, 2.0


def pause(running: int) -> float:
    """Seconds between two saves of one reply's text, when this process makes so many replies."""
    return min(max(running / CHECKPOINTS_A_SECOND, SOONEST), LATEST)


async def save_text(turn: Turn, running: Callable[[], int]) -> None:
    """Save the partial text until cancelled. A write that is under way then is finished by its
    thread, before any later write of the same turn."""
    log, saved, age = turn.log, 0, LATEST  # the first text is saved at once
    while True:
        await asyncio.sleep(SOONEST)
        age += SOONEST
        new = log.size - saved
        if not (new >= CHECKPOINT_CHARACTERS or (new and age >= pause(running()))):
            continue
        size, age = log.size, 0.0
        try:
            await db_threads.run(
                replies.save_partial,
                reply_id=turn.id,
                writer=turn.writer,
                content=log.text("content"),
                reasoning=log.text("reasoning"),
                seq=log.seq,
            )
            saved = size
        except DatabaseError as error:
            logger.warning("reply %s: text not saved yet (%s)", turn.id, type(error).__name__)
