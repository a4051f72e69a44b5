"""What this process knows of replies that others make: copies of their logs, fed from Redis.

One connection waits for all of them at once, and for what is said to this process. A copy is a
log as any other, so whoever follows it need not know where its reply is made.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from streaming.cluster.redis_client import AWAY, connect
from streaming.cluster.redis_log import Entry, RedisLogs, inbox, log_key, parse
from streaming.log import MemoryLog

logger = logging.getLogger(__name__)

# How long one read waits for news, and how long after that its connection is taken for dead.
BLOCK: Final = 2.0
MARGIN: Final = 2.0
# Entries of one log in one read.
MOST_ENTRIES: Final = 1000
# How long a new copy is waited for until it has what was said so far, in seconds.
FIRST_READ: Final = 1.0
# How long Redis may be away before followers are told to come back later, in seconds.
GRACE: Final = 2.0
RETRY: Final = 0.1
# A copy that nobody follows is let go after so many seconds.
IDLE: Final = 10.0


@dataclass(slots=True)
class Copy:
    """A copy and how far it was read; `read` is set when it first had all that there was."""

    log: MemoryLog
    position: str = "0-0"
    idle_since: float | None = None
    read: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, entry: Entry) -> None:
        """Add one entry. What does not continue the copy shows that it is not what Redis has any
        more, and it is given up."""
        log, self.position = self.log, entry.id
        if entry.phase is not None:
            log.retell(entry.phase)
        elif entry.number <= log.seq:
            return  # Redis was empty, and is told again
        elif entry.number > log.seq + 1:
            log.abandon()
        elif entry.end is not None:
            log.finish(entry.end)
        elif entry.piece is not None:
            log.append(*entry.piece)


class Copies:
    """The copies of this process."""

    def __init__(self, logs: RedisLogs, url: str, stop: Callable[[UUID], Awaitable[None]]) -> None:
        """`stop` is called when another process wants a reply of ours stopped."""
        self._logs, self._stop = logs, stop
        self._redis = connect(url, blocking=True)
        self._copies: dict[UUID, Copy] = {}
        self._inbox, self._heard = inbox(logs.process), "0-0"
        self.away_since: float | None = None
        self._told = False

    @property
    def away(self) -> bool:
        """Whether Redis has been away for longer than anybody should wait in silence."""
        since = self.away_since
        return since is not None and asyncio.get_running_loop().time() - since > GRACE

    def get(self, reply_id: UUID) -> MemoryLog | None:
        """The copy of a reply's log, if there is one."""
        copy = self._copies.get(reply_id)
        return copy.log if copy and not copy.log.lost else None

    async def arrived(self, reply_id: UUID) -> None:
        """Return when the copy, if there is one, has what was said so far, or when that takes
        too long."""
        if copy := self._copies.get(reply_id):
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_READ):
                    await copy.read.wait()

    async def add(self, reply_id: UUID, log: MemoryLog) -> None:
        """Feed an empty log with all that Redis has of a reply, and will have. Raises one of
        `AWAY`."""
        self._copies[reply_id] = Copy(log)
        try:
            await self._logs.wake()
        except AWAY:
            del self._copies[reply_id]
            raise

    def open_ids(self) -> list[UUID]:
        """The replies of which there are copies without an end."""
        return [reply_id for reply_id, copy in self._copies.items() if copy.log.end is None]

    async def run(self) -> None:
        """Feed the copies, until cancelled."""
        clock, task = asyncio.get_running_loop().time, asyncio.current_task()
        assert task is not None  # noqa: S101 - this is a coroutine
        while not task.cancelling():  # the library may lose a cancellation
            self._let_go(clock())
            try:
                await self._read()
            except AWAY as error:
                if self.away_since is None:  # a connection was lost; the next may do
                    self.away_since = clock()
                    continue
                if self.away:
                    self._give_up(error)
                await asyncio.sleep(RETRY)
            else:
                self.away_since, self._told = None, False

    async def aclose(self) -> None:
        """Close the connection, after `run` was cancelled."""
        await self._redis.aclose()

    def _give_up(self, error: Exception) -> None:
        """Redis has been away for long: nobody is to take what there is for all there is."""
        if not self._told:
            logger.warning("Redis is away (%s); replies of others wait", type(error).__name__)
            self._told = True
        for copy in self._copies.values():
            copy.log.abandon()

    def _let_go(self, now: float) -> None:
        """Forget copies that ended, were given up, or that nobody follows."""
        for reply_id, copy in list(self._copies.items()):
            if copy.log.watched:
                copy.idle_since = None
            elif copy.idle_since is None:
                copy.idle_since = now
            idle = copy.idle_since is not None and now - copy.idle_since > IDLE
            if copy.log.lost or copy.log.end is not None or idle:
                copy.log.abandon()
                del self._copies[reply_id]

    async def _read(self) -> None:
        """Wait for news of any copy, and add them."""
        by_key = {log_key(reply_id): copy for reply_id, copy in self._copies.items()}
        positions = {key: copy.position for key, copy in by_key.items()}
        # After an outage the first read only has to show that Redis is there; of a new copy, what
        # there is.
        known = all(copy.read.is_set() for copy in by_key.values())
        wait = BLOCK if self.away_since is None and known else 0.001
        async with asyncio.timeout(wait + MARGIN):
            found: Any = await self._redis.xread(
                {self._inbox: self._heard, **positions},  # type: ignore[dict-item]
                count=MOST_ENTRIES,
                block=int(wait * 1000),
            )
        more = set()
        for key, entries in found or []:
            if len(entries) == MOST_ENTRIES:
                more.add(key)
            if key == self._inbox:
                await self._hear(entries)
                continue
            copy = by_key[key]
            for entry in entries:
                if copy.log.end is None and not copy.log.lost:
                    copy.take(parse(*entry))
        for key, copy in by_key.items():
            if key not in more:
                copy.read.set()

    async def _hear(self, entries: list[tuple[str, dict[str, str]]]) -> None:
        for entry_id, words in entries:
            self._heard = entry_id
            if reply_id := words.get("stop"):
                await self._stop(UUID(reply_id))
