"""Writes the logs of this process to Redis, for the other processes.

Followers in this process do not wait for it: they read the log in memory, also while Redis is
away. When Redis is back it gets what it missed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from django.db import DatabaseError

from streaming.background import BackgroundLoop
from streaming.cluster.redis_client import AWAY
from streaming.cluster.redis_log import MOST_PIECES, Append, AppendResult, LogState, RedisLogs
from streaming.log import MemoryLog, ReplyPhase
from streaming.peers import Owner

# How often the lease of a silent log is renewed, in seconds. Four tries fit into a lease
# (`redis_log.LEASE`), so one slow call does not let others take a reply that is being written.
RENEW: Final = 1.0
# How soon an append is repeated while Redis is away, in seconds.
RETRY: Final = 0.2
# The least time from one call to the next, in seconds, and what each log with news adds to it, up
# to the most: under load a call has several pieces of many logs, and costs hardly more than one
# for each piece. A reader elsewhere does not see the wait.
BEAT: Final = 0.01
BEAT_A_LOG: Final = 0.002
MOST_BEAT: Final = 0.05


class Mirrored:
    """One log, and how much of it Redis has."""

    def __init__(self, reply_id: UUID, log: MemoryLog) -> None:
        self.reply_id, self.log = reply_id, log
        self.seq = 0
        self.sent_phase: ReplyPhase | None = None
        self.phases = 0
        self.renew_at = 0.0

    def has_news(self) -> bool:
        log = self.log
        return log.seq > self.seq or log.end is not None or log.phase is not self.sent_phase

    def next(self, now: float) -> Append:
        """Return the next entries to add, and renew the lease when it is time. A phase or the end
        goes with the last piece only, so that readers get everything in the order of the log."""
        log, first = self.log, self.seq + 1
        renew = self.renew_at <= now
        if renew:
            self.renew_at = now + RENEW
        pieces = log.pieces(self.seq, MOST_PIECES)
        phase = end = None
        if self.seq + len(pieces) == log.seq:
            if log.end is not None:
                end = (log.seq + 1, log.end)
            elif log.phase is not None and log.phase is not self.sent_phase:
                self.phases += 1
                self.sent_phase = log.phase
                phase = (f"{log.seq}-{self.phases}", log.phase)
        return Append(self.reply_id, first, pieces, phase, end, renew)

    def begin_again(self) -> None:
        """Redis has nothing of it."""
        self.seq, self.sent_phase = 0, None


class Mirror:
    """Adds what is new in all logs of this process, in one round trip at a time."""

    def __init__(
        self, logs: RedisLogs, owner: Owner, still_ours: Callable[[UUID], Awaitable[bool]]
    ) -> None:
        """`still_ours` tells whether the row of a reply is open, and ours to write."""
        self._logs, self._owner, self._still_ours = logs, owner, still_ours
        self._mirrored: dict[UUID, Mirrored] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._next_at = 0.0
        self.loop = BackgroundLoop(
            "mirror",
            self._append,
            pause=lambda: RENEW / 2,
            outage=(DatabaseError, *AWAY),
            retry=RETRY,
        )

    def add(self, reply_id: UUID, log: MemoryLog) -> None:
        """Keep a log in Redis from now until its end is there. `RedisLogs.begin` made it."""
        self._mirrored[reply_id] = Mirrored(reply_id, log)
        self._empty.clear()
        log.watch(self.loop.woken)
        self.loop.wake()

    def remove(self, reply_id: UUID) -> None:
        """Add no more to a log."""
        if mirrored := self._mirrored.pop(reply_id, None):
            mirrored.log.unwatch(self.loop.woken)
        if not self._mirrored:
            self._empty.set()

    async def flushed(self) -> None:
        """Return when Redis has the end of every log."""
        await self._empty.wait()

    async def _append(self) -> None:
        clock = asyncio.get_running_loop().time
        if (wait := self._next_at - clock()) > 0:
            await asyncio.sleep(wait)
            self.loop.woken.clear()  # all that has come meanwhile goes with this call
        now = clock()
        due = [m for m in self._mirrored.values() if m.has_news() or m.renew_at <= now]
        if not due:
            return
        self._next_at = now + min(BEAT + BEAT_A_LOG * len(due), MOST_BEAT)
        try:
            answers = await self._logs.append([mirrored.next(now) for mirrored in due])
        except AWAY:
            for mirrored in due:  # it may or may not have been added; adding twice does no harm
                mirrored.sent_phase, mirrored.renew_at = None, 0.0
            raise
        for mirrored, answer in zip(due, answers, strict=True):
            await self._take(mirrored, answer)

    async def _take(self, mirrored: Mirrored, answer: AppendResult) -> None:
        match answer.state:
            case LogState.FENCED:
                self._lose(mirrored)
                return
            case LogState.MISSING:
                await self._begin_again(mirrored)
                return
            case LogState.ENDED if mirrored.log.end is not None:
                self.remove(mirrored.reply_id)
                return
        if answer.seq < mirrored.seq:
            # Redis came back with an older state. The phase comes after the pieces, so it is
            # repeated behind them. So is the lease.
            mirrored.sent_phase, mirrored.renew_at = None, 0.0
        mirrored.seq = answer.seq
        if mirrored.has_news():
            self.loop.wake()
        if answer.stop and mirrored.log.end is None:
            await self._owner.stop_here(mirrored.reply_id)

    async def _begin_again(self, mirrored: Mirrored) -> None:
        """Give Redis, which came back empty, all of a log again, if the reply is still ours: a
        process that slept until its log had expired finds its row closed by another process."""
        try:
            ours = mirrored.log.end is not None or await self._still_ours(mirrored.reply_id)
            if ours:
                await self._logs.begin(mirrored.reply_id)
                mirrored.begin_again()
                self.loop.wake()
        except AWAY:
            mirrored.renew_at = 0.0
            return
        if not ours:
            self._lose(mirrored)

    def _lose(self, mirrored: Mirrored) -> None:
        self.remove(mirrored.reply_id)
        if mirrored.log.end is None:
            self._owner.lose(mirrored.reply_id)
