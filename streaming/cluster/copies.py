"""Copies of the logs of replies that other processes make, read from Redis.

One connection waits for all of them at once, and for messages to this process. A copy is a log
like any other, so its followers need not know where the reply is made.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from streaming.background import BackgroundLoop
from streaming.cluster.redis_client import AWAY, call, connect
from streaming.cluster.redis_log import RedisLogs, StreamEntry, inbox, log_key, parse
from streaming.log import MemoryLog

# How long one read waits for news. An answer that is later than this by the margin never comes: a
# connection whose other side vanished without a word would else be read for ever.
BLOCK: Final = 2.0
MARGIN: Final = 2.0
# The least time from one read to the next, in seconds, and what each copy adds to it, up to the
# most: under load a read has the news of many logs. A follower does not see the wait.
BEAT: Final = 0.01
BEAT_A_COPY: Final = 0.001
MOST_BEAT: Final = 0.03
# Entries of one log in one read.
MOST_ENTRIES: Final = 1000
# How long a follower waits until a new copy has the text so far, in seconds. Without the wait it
# would get an empty snapshot first, and a page would show the reply beginning anew.
FIRST_READ: Final = 1.0
# How long Redis may be away before followers are sent away, in seconds: longer than a restart of
# it takes, shorter than anybody watches a text that does not move.
GRACE: Final = 2.0
RETRY: Final = 0.1
# How long a copy without followers is kept, in seconds: a page that reloads finds it.
IDLE: Final = 10.0


@dataclass(slots=True)
class Copy:
    """A copy and how far it was read; `read` is set when it first had all that there was."""

    log: MemoryLog
    position: str = "0-0"
    idle_since: float | None = None
    read: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, entry: StreamEntry) -> None:
        """Add one entry. An entry that leaves a hole shows that Redis has lost a part of the log,
        so the copy is given up: followers would get text with the hole in it."""
        log, self.position = self.log, entry.id
        if entry.phase is not None:
            log.retell(entry.phase)
        elif entry.number <= log.seq:
            return  # Redis came back empty, and is given the log again
        elif entry.number > log.seq + 1:
            log.abandon()
        elif entry.end is not None:
            log.finish(entry.end)
        elif entry.piece is not None:
            log.append(*entry.piece)


class Copies:
    """The copies of this process."""

    def __init__(self, logs: RedisLogs, url: str, stop: Callable[[UUID], Awaitable[None]]) -> None:
        """`stop` is called when another process asks to stop a reply of ours."""
        self._logs, self._stop = logs, stop
        self._redis = connect(url, blocking=True)
        self._copies: dict[UUID, Copy] = {}
        self._inbox, self._inbox_position = inbox(logs.process), "0-0"
        self.away_since: float | None = None
        self._next_at = 0.0
        self.loop = BackgroundLoop(
            "copies",
            self._read,
            pause=lambda: 0.0,  # a read waits itself
            outage=AWAY,
            on_outage=self._note_outage,
            retry=RETRY,
        )

    @property
    def away(self) -> bool:
        """Whether Redis has been away for longer than a follower should wait in silence."""
        since = self.away_since
        return since is not None and asyncio.get_running_loop().time() - since > GRACE

    def get(self, reply_id: UUID) -> MemoryLog | None:
        """The copy of a reply's log, if there is one."""
        copy = self._copies.get(reply_id)
        return copy.log if copy and not copy.log.lost else None

    async def arrived(self, reply_id: UUID) -> None:
        """Return when the copy, if there is one, has the text so far, or when that takes too
        long."""
        if copy := self._copies.get(reply_id):
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_READ):
                    await copy.read.wait()

    async def add(self, reply_id: UUID, log: MemoryLog) -> None:
        """Add to an empty log all that Redis has of a reply, and will have. Raises one of
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

    async def aclose(self) -> None:
        """Stop reading, and close the connection."""
        await self.loop.stop()
        await self._redis.aclose()

    def _note_outage(self) -> None:
        now = asyncio.get_running_loop().time()
        self.away_since = now if self.away_since is None else self.away_since
        if self.away:  # no follower is to take a part of a reply for all of it
            for copy in self._copies.values():
                copy.log.abandon()

    def _let_go(self, now: float) -> None:
        """Forget copies that ended, were given up, or have had no followers for a while."""
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
        """Wait for new entries of any copy, and add them."""
        clock = asyncio.get_running_loop().time
        if (wait := self._next_at - clock()) > 0:
            await asyncio.sleep(wait)
        now = clock()
        self._next_at = now + min(BEAT + BEAT_A_COPY * len(self._copies), MOST_BEAT)
        self._let_go(now)
        by_key = {log_key(reply_id): copy for reply_id, copy in self._copies.items()}
        # After an outage the first read only has to show that Redis is there, and the first read
        # of a new copy gives what there is: neither may wait for news.
        known = all(copy.read.is_set() for copy in by_key.values())
        wait = BLOCK if self.away_since is None and known else 0.001
        async with asyncio.timeout(wait + MARGIN):
            streams = await call(
                self._redis,
                *("XREAD", "COUNT", MOST_ENTRIES, "BLOCK", int(wait * 1000)),
                *("STREAMS", self._inbox, *by_key, self._inbox_position),
                *(copy.position for copy in by_key.values()),
                patience=None,
            )
        self.away_since = None
        more = set()
        for key, entries in streams or []:
            if len(entries) == MOST_ENTRIES:
                more.add(key)
            if key == self._inbox:
                await self._take_messages(entries)
                continue
            copy = by_key[key]
            for entry in entries:
                if copy.log.end is None and not copy.log.lost:
                    copy.take(parse(*entry))
        for key, copy in by_key.items():
            if key not in more:
                copy.read.set()

    async def _take_messages(self, entries: list[tuple[str, list[str]]]) -> None:
        for entry_id, (name, reply_id) in entries:
            self._inbox_position = entry_id
            if name == "stop":
                await self._stop(UUID(reply_id))
