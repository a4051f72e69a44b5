"""What happens once when a server process starts and once when it ends."""

import asyncio
import fcntl
import logging
from pathlib import Path
from typing import IO

from django.conf import settings

from streaming.limits import MemoryLimits
from streaming.line import MemoryLines
from streaming.peers import Peers
from streaming.redis_limits import RedisLimits
from streaming.redis_log import AWAY
from streaming.turns import Turns

logger = logging.getLogger(__name__)

# How long a start waits for a server that is just ending, in seconds.
LOCK_PATIENCE = 15.0
# How long an end waits for sockets to be closed, in seconds.
GOODBYE_SECONDS = 3.0


class AlreadyRunning(RuntimeError):
    """Another server process uses this database, and there is nothing through which the two
    could share running replies."""

    def __init__(self) -> None:
        super().__init__(
            "Another server is running on this database. One process keeps running replies in "
            "its memory, so there can be only one. End the other first."
        )


class Lifecycle:
    """The turns of this process: started by the first request (or by the server, where it tells
    us), ended when the server ends."""

    def __init__(self) -> None:
        self._starting: asyncio.Task[Turns] | None = None
        self._lock: IO[str] | None = None
        self.closing = asyncio.Event()  # the server was told to end
        self.drained = asyncio.Event()  # no reply runs any more
        self.goodbyes: set[asyncio.Task[None]] = set()  # one for each open socket

    async def start(self) -> Turns:
        """The turns, made by whoever comes first.

        Raises:
            AlreadyRunning: another server process has this database.
        """
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start())
        return await asyncio.shield(self._starting)

    async def _start(self) -> Turns:
        peers = Peers(settings.REDIS_URL) if settings.REDIS_URL else None
        if peers is None:
            self._lock = await _sole_server(settings.SERVER_LOCK)
        limits = RedisLimits(settings.REDIS_URL) if peers else MemoryLimits()
        lines = MemoryLines(settings.PROVIDER_MAX_CONCURRENCY)
        turns = Turns(limits, lines, peers)
        await turns.start()
        turns.warm_up()
        return turns

    async def checks(self) -> dict[str, str]:
        """What this process needs besides the database, and whether it answers."""
        peers = (await self.start()).peers
        if peers is None:
            return {}
        try:
            await peers.logs.ping()
        except AWAY:
            return {"redis": "unreachable"}
        return {"redis": "ok"}

    async def shut_down(self) -> None:
        """End running replies (they get some seconds to finish), close sockets and providers."""
        self.closing.set()
        if self._starting is None or self._starting.cancelled():
            return
        try:
            turns = await self._starting
        except AlreadyRunning:
            return
        seconds = settings.CHAT_DRAIN_SECONDS
        await asyncio.gather(turns.drain(seconds), turns.answers.drain(seconds))
        self.drained.set()
        if self.goodbyes:
            await asyncio.wait(self.goodbyes, timeout=GOODBYE_SECONDS)
        await turns.aclose()
        if self._lock is not None:
            self._lock.close()


async def _sole_server(path: Path) -> IO[str]:
    """Hold the lock of the only server process; the system lets go of it when we die."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w")
    waited = 0.0
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waited >= LOCK_PATIENCE:
                file.close()
                raise AlreadyRunning from None
            if not waited:
                logger.warning("another server is running on this database; waiting for its end")
            await asyncio.sleep(0.25)
            waited += 0.25
        else:
            return file


lifecycle = Lifecycle()
