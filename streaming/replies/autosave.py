"""The autosave of the partial texts of running replies. No follower of a reply waits for it.

One clock looks after all replies of a process, and writes those that are due together: a timer, a
visit to a thread and a transaction for each of a hundred replies were a tenth of what its tokens
cost.
"""

import asyncio
import logging
import time

from django.db import DatabaseError

from conversations.threads import replies
from streaming.background import BackgroundLoop
from streaming.db_threads import db_threads
from streaming.replies.running import RunningTurns
from streaming.replies.turn import Turn

logger = logging.getLogger(__name__)

# The partial text is saved after so many characters or seconds, whichever comes first. Text that
# was not saved is lost when the process dies without Redis, so a few replies are saved often and
# many replies less often each: a process saves at most about forty texts a second.
CHECKPOINT_CHARACTERS = 4096
CHECKPOINTS_A_SECOND = 40
SOONEST, LATEST = 0.25, 2.0
# Texts of one transaction, in which nobody else can write to SQLite.
TOGETHER = 16


def pause(running: int) -> float:
    """Seconds between two saves of one reply's text, when this process makes so many replies."""
    return min(max(running / CHECKPOINTS_A_SECOND, SOONEST), LATEST)


class Autosave:
    """Saves what is new of the replies that run, until it is closed. A text that comes late changes
    no row that was closed meanwhile (`save_partial`)."""

    def __init__(self, running: RunningTurns) -> None:
        self._running = running
        self._loop = BackgroundLoop("autosave", self._step, pause=lambda: None)
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Look after the replies that run, until there is none. Needs a running event loop."""
        if not self.looks:
            self._loop.start()
            self._timer = asyncio.get_running_loop().call_later(SOONEST, self._look)

    @property
    def looks(self) -> bool:
        """Whether it looks after any."""
        return self._timer is not None

    async def aclose(self) -> None:
        """End it. A write that is under way is finished by its thread."""
        if self._timer is not None:
            self._timer.cancel()
        await self._loop.stop()

    def _look(self) -> None:
        self._timer = None
        if self._running:
            self.begin()
        if self._due():
            self._loop.wake()

    async def _step(self) -> None:
        due = self._due()
        for first in range(0, len(due), TOGETHER):
            turns = due[first : first + TOGETHER]
            if not await self._save(*turns) and len(turns) > 1:
                for turn in turns:  # one of them may be what the database refuses
                    await self._save(turn)

    def _due(self) -> list[Turn]:
        since = time.monotonic() - pause(len(self._running))
        return [
            turn
            for turn in self._running
            if (new := turn.log.size - turn.saved_size)
            and (new >= CHECKPOINT_CHARACTERS or turn.saved_at <= since)
        ]

    async def _save(self, *turns: Turn) -> bool:
        """Save the texts of these replies, all or none. Returns whether the database took them."""
        sizes = [turn.log.size for turn in turns]
        texts = [
            {
                "reply_id": turn.id,
                "writer": turn.writer,
                "content": turn.log.text("content"),
                "reasoning": turn.log.text("reasoning"),
                "seq": turn.log.seq,
            }
            for turn in turns
        ]
        saved = True
        try:
            async with db_threads.borrow():
                await db_threads.run(replies.save_partials, texts)
        except DatabaseError as error:
            saved = False
            if len(turns) == 1:
                reason = type(error).__name__
                logger.warning("reply %s: text not saved yet (%s)", turns[0].id, reason)
        for turn, size in zip(turns, sizes, strict=True):
            turn.saved_at = time.monotonic()  # what failed is tried again as late as what did not
            turn.saved_size = size if saved else turn.saved_size
        return saved
