"""The machine of `log_machine.py` with a real Redis between who writes and who reads.

One process (its half: `RedisLogs` and `Mirror`) makes replies, another (`RedisLogs` and `Copies`)
follows them. In between connections are cut, Redis loses everything, and the writer dies.
"""

import asyncio
import contextlib
from typing import Any, ClassVar
from uuid import UUID, uuid4

import redis
from hypothesis.stateful import precondition, rule

from streaming.cluster.copies import Copies
from streaming.cluster.mirror import Mirror
from streaming.cluster.redis_log import Append, LogState, RedisLogs
from streaming.log import MemoryLog
from tests.harness import WAIT_S
from tests.harness.log_machine import KINDS, TEXTS, LogMachine, end_as, explore, snapshot


class Process:
    """Half of a server process: what it writes and what it follows."""

    def __init__(self, url: str) -> None:
        self.logs = RedisLogs(url, uuid4())
        self.mirror = Mirror(self.logs, self, self.still_ours)
        self.copies = Copies(self.logs, url, self.stop_here)
        self.stopped: list[UUID] = []
        self.lost: list[UUID] = []
        self.mirror.loop.start()
        self.copies.loop.start()

    async def stop_here(self, reply_id: UUID) -> None:
        self.stopped.append(reply_id)

    def lose(self, reply_id: UUID) -> None:
        self.lost.append(reply_id)

    async def still_ours(self, reply_id: UUID) -> bool:
        return True

    async def aclose(self) -> None:
        await self.mirror.loop.stop()
        await self.copies.aclose()
        await self.logs.aclose()


class RedisLogMachine(LogMachine):
    """begin, append, …, as there; cut, forget, die, write too late, stop."""

    patience: ClassVar[float] = WAIT_S
    admin: ClassVar["redis.Redis"]
    writer: ClassVar[Process]
    reader: ClassVar[Process]

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, self.patience))

    def begun(self) -> None:
        self.reply_id = uuid4()
        self.copy = MemoryLog(snapshot(), self.log.user_message)
        self.do(self._share())

    async def _share(self) -> None:
        await self.writer.logs.begin(self.reply_id)
        self.writer.mirror.add(self.reply_id, self.log)
        await self.reader.copies.add(self.reply_id, self.copy)

    def followed(self) -> MemoryLog:
        return self.copy

    def spin(self) -> None:
        """Let everything run until the copy is what the log is."""
        if self.status != "none":
            self.do(self._caught_up())
        super().spin()

    async def _caught_up(self) -> None:
        while not self._same():
            assert not self.copy.lost, "the copy was given up"
            assert self.copy.seq <= len(self.pieces), "the copy has what was never said"
            await asyncio.sleep(0.0005)

    def _same(self) -> bool:
        copy, log = self.copy, self.log
        if (copy.seq, copy.end) != (len(self.pieces), log.end):
            return False
        # The end ends every phase.
        return log.end is not None or copy.phase == log.phase

    @precondition(lambda self: self.status == "running")
    @rule()
    def cut(self) -> None:
        """Every connection to Redis is closed."""
        self.admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    @precondition(lambda self: self.status == "running")
    @rule(kind=KINDS, text=TEXTS)
    def forget(self, kind: Any, text: str) -> None:
        """Redis comes back with nothing; then more is said."""
        self.admin.flushdb()
        self.log.append(kind, text)
        self.pieces.append((kind, text))

    @precondition(lambda self: self.status == "running")
    @rule()
    def stop(self) -> None:
        """Another process asks for a stop: the writer hears of it."""
        self.spin()
        self.writer.stopped.clear()
        self.do(self.reader.logs.stop(self.reply_id))
        self.do(self._heard_of_it())

    async def _heard_of_it(self) -> None:
        while self.reply_id not in self.writer.stopped:
            await asyncio.sleep(0.0005)

    @precondition(lambda self: self.status == "running")
    @rule(kind=KINDS, text=TEXTS)
    def crash(self, kind: Any, text: str) -> None:
        """The writer dies, or only sleeps: another process takes the log when the lease is over,
        and ends it with the text that is there. The writer that wakes up changes nothing."""
        self.spin()
        mirror, mirrored = self.writer.mirror, self.writer.mirror._mirrored[self.reply_id]
        mirror.remove(self.reply_id)
        assert not self.do(self.reader.logs.seize(self.reply_id)), "taken from one who lives"
        self.admin.delete(f"chat:{{{self.reply_id.hex}}}:lease")
        assert self.do(self.reader.logs.seize(self.reply_id))
        entries = self.do(self.reader.logs.read(self.reply_id))
        pieces = [entry.piece for entry in entries if entry.piece]
        assert pieces == self.pieces, "the log is not what was said"
        late = Append(
            self.reply_id,
            mirrored.seq + 1,
            [(kind, text)],
            end=(len(pieces) + 2, end_as("completed")),
        )
        [answer] = self.do(self.writer.logs.append([late]))
        assert answer.state == LogState.FENCED
        end = end_as("interrupted")
        own = Append(self.reply_id, len(pieces) + 1, end=(len(pieces) + 1, end))
        self.do(self.reader.logs.append([own]))
        self.log.finish(end)
        self.status = "ended interrupted"
        [answer] = self.do(self.writer.logs.append([late]))
        assert answer.state == LogState.FENCED
        assert [e.piece for e in self.do(self.reader.logs.read(self.reply_id)) if e.piece] == pieces


def explore_redis(url: str, examples: int, patience: float = WAIT_S) -> None:
    """Run the machine on an empty database of a real Redis. What does not come within `patience`
    seconds never does."""
    machine = type("RedisLogMachine", (RedisLogMachine,), {"patience": patience})

    async def open_two() -> None:
        machine.writer, machine.reader = Process(url), Process(url)

    async def close_two() -> None:
        await machine.writer.aclose()
        await machine.reader.aclose()

    with contextlib.closing(redis.Redis.from_url(url)) as machine.admin:
        explore(machine, examples, open_two, close_two)
