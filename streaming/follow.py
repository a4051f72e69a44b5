"""Reading a log as events: replay, live, merged under load and for slow readers, in one loop."""

import asyncio
from collections.abc import AsyncGenerator

from streaming import events
from streaming.events import Event
from streaming.log import LogLost, MemoryLog


class Follower:
    """One reader of one log.

    `events()` gives the user message (unless `question` is false: whoever comes late gets the
    snapshot alone), a snapshot, then deltas, and `message_end` last. Each time
    it is asked for more it takes all that has come since, so a reader that is slow gets fewer,
    larger deltas, and costs nothing while it does not read.
    """

    def __init__(self, log: MemoryLog, *, question: bool = True) -> None:
        self.log = log
        self._question = question
        self.id = log.snapshot["id"]
        self._position: int | None = None
        self._changed = log.watch()

    def restart(self, *, question: bool = False) -> None:
        """Send a fresh snapshot before anything else, after the `question` if that is wanted."""
        self._position = None
        self._question |= question
        self._changed.set()

    async def events(self) -> AsyncGenerator[Event]:
        """Everything a client has to see, ending after `message_end`. Closing it, or cancelling
        the task that waits for it, only ends the reading.

        Raises:
            LogLost: there is no more to be had here; what was told is not to be built upon.
        """
        log, phase = self.log, None
        try:
            while True:
                self._changed.clear()
                if log.lost:
                    raise LogLost
                if self._position is None:
                    if self._question and log.user_message is not None:
                        self._question = False
                        yield log.user_message
                    self._position = log.seq
                    phase = None
                    yield events.message_start(
                        log.snapshot,
                        seq=self._position,
                        content=log.text("content"),
                        reasoning=log.text("reasoning"),
                    )
                    continue
                if log.phase is not None and log.phase is not phase and log.end is None:
                    phase = log.phase
                    yield events.status(self.id, phase.name, phase.since, phase.position)
                while self._position is not None and (since := self._position) < log.seq:
                    kind, self._position, text = log.run(since)
                    yield events.delta(self.id, kind, since=since, seq=self._position, text=text)
                if self._position == log.seq and log.end is not None:
                    yield events.message_end(
                        self.id, log.end, seq=log.seq + 1, full_content=log.text("content")
                    )
                    return
                await self._changed.wait()
        finally:
            log.unwatch(self._changed)


async def ended(log: MemoryLog) -> None:
    """Return when the log has its end, or is given up. Cancelling leaves nothing behind."""
    changed: asyncio.Event = log.watch()
    try:
        while log.end is None and not log.lost:
            changed.clear()
            await changed.wait()
    finally:
        log.unwatch(changed)
