"""What happens once when a server process starts and once when it ends."""

import asyncio
import logging

from django.conf import settings

from streaming.cluster.redis_limits import RedisLimits
from streaming.cluster.redis_peers import RedisPeers
from streaming.cluster.redis_slots import RedisProviderSlots
from streaming.limits import MemoryLimits
from streaming.peers import NoPeers
from streaming.provider_slots import MemoryProviderSlots
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
        url, capacities = settings.REDIS_URL, settings.PROVIDER_MAX_CONCURRENCY
        if url:
            turns = Turns(RedisLimits(url), RedisProviderSlots(url, capacities), RedisPeers(url))
        else:
            self._lock = await SingleServerLock.acquire(settings.SERVER_LOCK)
            turns = Turns(MemoryLimits(), MemoryProviderSlots(capacities), NoPeers())
        await turns.start()
        turns.warm_up()
        return turns

    async def checks(self) -> dict[str, str]:
        """The state of what this process needs besides the database, for `/readyz`."""
        turns = await self.start()
        return await turns.peers.checks()

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
