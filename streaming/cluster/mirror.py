"""The logs of this process, kept the same in Redis for the others.

Nothing here is in the way of those who follow a log in this process: they are told at once, and
go on while Redis is away. What it missed it gets when it is back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

from streaming.cluster.redis_client import AWAY
from streaming.cluster.redis_log import MOST_PIECES, Answer, Append, RedisLogs, State
from streaming.log import MemoryLog, Phase
from streaming.peers import Owner

logger = logging.getLogger(__name__)

# A log to which nothing is added is told to live this often, in seconds: well within its lease.
RENEW: Final = 1.0
# Waits while Redis is away, in seconds.
RETRY: Final = 0.2


class Mirrored:
    """One log, and how much of it Redis has."""

    def __init__(self, reply_id: UUID, log: MemoryLog) -> None:
        self.reply_id, self.log = reply_id, log
        self.seq = 0
        self.told: Phase | None = None
        self.phases = 0
        self.due = 0.0  # when it has to be told to live

    def has_news(self) -> bool:
        log = self.log
        return log.seq > self.seq or log.end is not None or log.phase is not self.told

    def next(self) -> Append:
        """What is to be added now."""
        log, first = self.log, self.seq + 1
        pieces = log.pieces[self.seq : self.seq + MOST_PIECES]
        phase = end = None
        if self.seq + len(pieces) == log.seq:
            if log.end is not None:
                end = (log.seq + 1, log.end)
            elif log.phase is not None and log.phase is not self.told:
                self.phases += 1
                self.told = log.phase
                phase = (f"{log.seq}-{self.phases}", log.phase)
        return Append(self.reply_id, first, pieces, phase, end)

    def begin_again(self) -> None:
        """Redis has nothing of it."""
        self.seq, self.told = 0, None


class Mirror:
    """Adds what is new in any log of this process, all of them in one round trip at a time."""

    def __init__(
        self, logs: RedisLogs, owner: Owner, still_ours: Callable[[UUID], Awaitable[bool]]
    ) -> None:
        """`still_ours` tells whether the row of a reply is open, and ours to write."""
        self._logs, self._owner, self._still_ours = logs, owner, still_ours
        self._mirrored: dict[UUID, Mirrored] = {}
        self._changed = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self.away = False

    def add(self, reply_id: UUID, log: MemoryLog) -> None:
        """Keep a log in Redis from now until its end is there. `RedisLogs.begin` made it."""
        self._mirrored[reply_id] = Mirrored(reply_id, log)
        self._empty.clear()
        log.watch(self._changed)
        self._changed.set()

    def remove(self, reply_id: UUID) -> None:
        """Add no more to a log."""
        if one := self._mirrored.pop(reply_id, None):
            one.log.unwatch(self._changed)
        if not self._mirrored:
            self._empty.set()

    async def flushed(self) -> None:
        """Return when Redis has the end of every log."""
        await self._empty.wait()

    async def run(self) -> None:
        """Keep the logs, until cancelled."""
        clock, task = asyncio.get_running_loop().time, asyncio.current_task()
        assert task is not None  # noqa: S101 - this is a coroutine
        while not task.cancelling():  # the library may lose a cancellation
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW / 2):
                    await self._changed.wait()
            self._changed.clear()
            due = [one for one in self._mirrored.values() if one.has_news() or one.due <= clock()]
            if not due:
                continue
            for one in due:
                one.due = clock() + RENEW
            try:
                answers = await self._logs.append([one.next() for one in due])
            except AWAY as error:
                await self._wait_for_redis(due, error)
                continue
            self.away = False
            for one, answer in zip(due, answers, strict=True):
                await self._take(one, answer)

    async def _wait_for_redis(self, due: list[Mirrored], error: Exception) -> None:
        if not self.away:
            logger.warning(
                "Redis is away (%s); replies go on in their process", type(error).__name__
            )
        self.away = True
        for one in due:
            one.told, one.due = None, 0.0  # nobody knows whether it was added
        await asyncio.sleep(RETRY)

    async def _take(self, one: Mirrored, answer: Answer) -> None:
        match answer.state:
            case State.FENCED:
                self._lose(one)
                return
            case State.MISSING:
                await self._begin_again(one)
                return
            case State.ENDED if one.log.end is not None:
                self.remove(one.reply_id)
                return
        if answer.seq < one.seq:
            one.told = None  # Redis lost a part; the phase comes after it
        one.seq = answer.seq
        if one.has_news():
            self._changed.set()
        if answer.stop and one.log.end is None:
            await self._owner.stop_here(one.reply_id)

    async def _begin_again(self, one: Mirrored) -> None:
        """Redis came back empty: it gets all of a log again, if the reply is still ours. One that
        slept until its log had expired finds its row closed by another."""
        try:
            ours = one.log.end is not None or await self._still_ours(one.reply_id)
            if ours:
                await self._logs.begin(one.reply_id)
                one.begin_again()
                self._changed.set()
        except AWAY:
            one.due = 0.0
            return
        if not ours:
            self._lose(one)

    def _lose(self, one: Mirrored) -> None:
        self.remove(one.reply_id)
        if one.log.end is None:
            self._owner.lose(one.reply_id)
