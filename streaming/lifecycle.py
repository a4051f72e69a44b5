"""The start and the end of a server process."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass
from importlib import import_module

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from conversations.upkeep import upkeep
from providers.errors import ProviderError
from streaming import allocator
from streaming.background import BackgroundLoop
from streaming.catalog import Catalog
from streaming.connections import Connections
from streaming.db_threads import db_threads
from streaming.limits import Limits, MemoryLimits
from streaming.model_jobs import ModelJobs
from streaming.peers import NoPeers, Peers
from streaming.provider_slots import MemoryProviderSlots, ProviderSlots
from streaming.push.notifications import Notifications
from streaming.replies.stateless import StatelessReplies
from streaming.replies.turns import Turns
from streaming.routing import Router
from streaming.single_server import SingleServerError, SingleServerLock
from streaming.tools import mcp_client, sign_in

# Begins to close a socket.
Goodbye = Callable[[], asyncio.Task[None]]

logger = logging.getLogger(__name__)

# How long the end waits for sockets to be closed, in seconds.
GOODBYE_SECONDS = 3.0
# How often the record is looked after, in seconds.
UPKEEP_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """The services of a running process that the doors use."""

    turns: Turns
    stateless: StatelessReplies
    router: Router
    peers: Peers
    catalog: Catalog
    connections: Connections
    model_jobs: ModelJobs
    ended_sign_ins: BackgroundLoop


class Lifecycle:
    """Starts with the first request (or when the server says so), ends with the server."""

    def __init__(self) -> None:
        self._starting: asyncio.Task[Runtime] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._resources = AsyncExitStack()  # closed in reverse order
        self.closing = False  # the server was told to end
        self._goodbyes: set[Goodbye] = set()  # one for each open socket
        self.drained = asyncio.Event()  # no reply runs any more
        self.leaving: set[asyncio.Task[None]] = set()  # sockets that are being closed

    async def start(self) -> Runtime:
        """The runtime of this process, made by the first call.

        Raises:
            SingleServerError: another server process has this database.
        """
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start())
        return await asyncio.shield(self._starting)

    @contextmanager
    def goodbye(self, say: Goodbye) -> Iterator[None]:
        """While inside, `say` is called when the server ends, which waits for its task a while."""
        self._goodbyes.add(say)
        if self.closing:
            self.leaving.add(say())
        try:
            yield
        finally:
            self._goodbyes.discard(say)

    @property
    def runtime(self) -> Runtime | None:
        """The runtime of this process, if it has started. Does not wait."""
        starting = self._starting
        if starting is None or not starting.done() or starting.cancelled():
            return None
        return None if starting.exception() else starting.result()

    async def _start(self) -> Runtime:
        limits: Limits
        slots: ProviderSlots
        peers: Peers
        url, capacities = settings.REDIS_URL, dict(settings.PROVIDER_MAX_CONCURRENCY)
        if url:
            # Imported where there are several processes: it takes memory and a part of the start.
            from streaming.cluster.redis_limits import RedisLimits
            from streaming.cluster.redis_peers import RedisPeers
            from streaming.cluster.redis_slots import RedisProviderSlots

            limits, slots = RedisLimits(url), RedisProviderSlots(url, capacities)
            peers = RedisPeers(url)
        else:
            lock = await SingleServerLock.acquire(settings.SERVER_LOCK)
            self._resources.callback(lock.release)
            limits, slots, peers = MemoryLimits(), MemoryProviderSlots(capacities), NoPeers()
        router = Router()
        connections = Connections(router, capacities)
        model_jobs = ModelJobs(router, connections)
        notifications = Notifications()
        for resource in (router, slots, limits, peers, connections, model_jobs, notifications):
            self._resources.push_async_callback(resource.aclose)
        ended_sign_ins = BackgroundLoop(
            "ended sign-ins", _revoke, pause=lambda: UPKEEP_SECONDS, outage=(DatabaseError,)
        )
        runtime = Runtime(
            Turns(router, limits, slots, peers, notifications),
            StatelessReplies(router, limits, slots),
            router,
            peers,
            Catalog(router),
            connections,
            model_jobs,
            ended_sign_ins,
        )
        self._resources.push_async_callback(mcp_client.aclose)
        await connections.start()
        model_jobs.start()
        await runtime.turns.start()
        looks_after = BackgroundLoop(
            "upkeep", _upkeep, pause=lambda: UPKEEP_SECONDS, outage=(DatabaseError,)
        )
        for loop in (looks_after, ended_sign_ins):
            loop.start()
            self._resources.push_async_callback(loop.stop)
        trimmer = allocator.Trimmer(lambda: len(self._goodbyes))
        trimmer.start()
        self._resources.push_async_callback(trimmer.aclose)
        # A context of its own: that of a request ends with the request.
        self._warming = asyncio.get_running_loop().create_task(
            _warm_up(router), name="warm-up", context=Context()
        )
        import_module(settings.ROOT_URLCONF)  # the first request would, and it stays
        allocator.keep()
        return runtime

    async def checks(self) -> dict[str, str]:
        """The state of what this process needs besides the database, for `/readyz`."""
        return await (await self.start()).peers.checks()

    async def shut_down(self) -> None:
        """End running replies (they get some seconds to finish), close sockets and providers. May
        be called more than once: all calls wait for the same end."""
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._shut_down())
        await asyncio.shield(self._ending)

    async def _shut_down(self) -> None:
        self.closing = True
        self.leaving.update(say() for say in [*self._goodbyes])
        if self._starting is None or self._starting.cancelled():
            return
        try:
            runtime = await self._starting
        except SingleServerError:
            return
        seconds = settings.CHAT_DRAIN_SECONDS
        await asyncio.gather(runtime.turns.drain(seconds), runtime.stateless.drain(seconds))
        self.drained.set()
        if self.leaving:
            await asyncio.wait(self.leaving, timeout=GOODBYE_SECONDS)
        await self._resources.aclose()


async def _warm_up(router: Router) -> None:
    """Start what the default provider needs; its first request tells a failure."""
    with suppress(ProviderError):
        await (await router.choose()).warm_up()


async def _upkeep() -> None:
    async with db_threads.borrow():
        await database_sync_to_async(upkeep)()


async def _revoke() -> None:
    async with db_threads.borrow():
        await sign_in.revoke_ended()


lifecycle = Lifecycle()
