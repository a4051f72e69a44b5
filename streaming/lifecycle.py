"""What happens once when a server process starts and once when it ends."""

import asyncio
import logging

from django.conf import settings

from streaming.cluster.peers import Peers
from streaming.cluster.redis_client import AWAY
from streaming.cluster.redis_limits import RedisLimits
from streaming.cluster.redis_slots import RedisProviderSlots
from streaming.limits import Limits, MemoryLimits
from streaming.provider_slots import MemoryProviderSlots, ProviderSlots
from streaming.replies.turns import Turns
from streaming.single_server import SingleServerError, SingleServerLock

logger = logging.getLogger(__name__)

# How long an end waits for sockets to be closed, in seconds.
GOODBYE_SECONDS = 3.0


class Lifecycle:
    """The turns of this process: started by the first request (or by the server, where it tells
    us), ended when the server ends."""

    def __init__(self) -> None:
        self._starting: asyncio.Task[Turns] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._lock: SingleServerLock | None = None
        self.closing = asyncio.Event()  # the server was told to end
        self.drained = asyncio.Event()  # no reply runs any more
        self.goodbyes: set[asyncio.Task[None]] = set()  # one for each open socket

    async def start(self) -> Turns:
        """The turns, made by whoever comes first.

        Raises:
            SingleServerError: another server process has this database.
        """
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start())
        return await asyncio.shield(self._starting)

    async def _start(self) -> Turns:
        peers = Peers(settings.REDIS_URL) if settings.REDIS_URL else None
        if peers is None:
            self._lock = await SingleServerLock.acquire(settings.SERVER_LOCK)
        turns = Turns(*self._bounds(), peers)
        await turns.start()
        turns.warm_up()
        return turns

    def _bounds(self) -> tuple[Limits, ProviderSlots]:
        places, url = settings.PROVIDER_MAX_CONCURRENCY, settings.REDIS_URL
        if url:
            return RedisLimits(url), RedisProviderSlots(url, places)
        return MemoryLimits(), MemoryProviderSlots(places)

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
        """End running replies (they get some seconds to finish), close sockets and providers.
        Whoever comes first begins it, all wait for the same end."""
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._shut_down())
        await asyncio.shield(self._ending)

    async def _shut_down(self) -> None:
        self.closing.set()
        if self._starting is None or self._starting.cancelled():
            return
        try:
            turns = await self._starting
        except SingleServerError:
            return
        seconds = settings.CHAT_DRAIN_SECONDS
        await asyncio.gather(turns.drain(seconds), turns.answers.drain(seconds))
        self.drained.set()
        if self.goodbyes:
            await asyncio.wait(self.goodbyes, timeout=GOODBYE_SECONDS)
        await turns.aclose()
        if self._lock is not None:
            self._lock.release()


lifecycle = Lifecycle()
