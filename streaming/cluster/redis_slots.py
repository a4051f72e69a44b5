"""The line before each provider, kept in Redis for all processes at once.

Requests are numbered in rounds as in `line`. A process tells the line all of its own side at once
(who left, who holds a place, who waits) and is told the positions of those who wait; one script
does it, so however many ask at once, no more places are given out than there are. It does so when
its side has changed, when another process says that the line has moved, and now and then: what is
not told again is taken for dead. Telling twice changes nothing, and a Redis that comes back empty
is told everything.

    chat:{line-<provider>}:waiting  sorted set: number and request, by round
    chat:{line-<provider>}:places   set: the requests that hold a place
    chat:{line-<provider>}:leases   sorted set: every request, by when it is taken for dead
    chat:{line-<provider>}:numbers  hash: the number of each request that waits
    chat:{line-<provider>}:epoch    string: another one when Redis has forgotten all this
    chat:{line-<provider>}:rounds   hash: `round`, `arrived`, and of each user who is there: the
                                    last round (`s`), how many wait (`w`), hold places (`h`)
    chat:lines                      channel: a provider whose line has moved, and who moved it
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from streaming.background import keep_going
from streaming.cluster.redis_client import AWAY, connect
from streaming.provider_slots import OnPosition, ProviderQueue, SlotRequest, capacity_of, hold_slot

logger = logging.getLogger(__name__)

# How long a request counts of which nothing is heard, in seconds.
LIFE: Final = 15.0
# Seconds between two looks of a process that holds places, and of one that waits: the line's news
# wake it at once, but they may get lost.
RENEW: Final = 4.0
POLL: Final = 1.0
# Seconds until Redis is asked again when it is away.
RETRY: Final = 0.2
# Seconds after Redis came back in which a process tells only of its places: when it comes back
# empty, it is to know all of them before it gives out more.
SETTLE: Final = 1.0
# How long the end of a process waits until Redis has its places back, in seconds.
FLUSH_PATIENCE: Final = 2.0

NEWS: Final = "chat:lines"
_KEYS: Final = ("waiting", "places", "leases", "numbers", "rounds", "epoch")

_TELL: Final = Path(__file__).with_name("redis_slots.lua").read_text()


class RedisProviderQueue:
    """Our side of the line before one provider."""

    def __init__(self, redis: Any, provider: str, capacity: int, process: str, life: float) -> None:
        self.keys = [f"chat:{{line-{provider}}}:{name}" for name in _KEYS]
        self._capacity, self._life = capacity, life
        self.waiting: dict[str, SlotRequest] = {}
        self.held: set[str] = set()
        self.left: set[str] = set()  # what Redis has not been told of yet
        self._news = f"{provider} {process}"
        self._provider, self._process = provider, process
        self._joined = 0
        self._tell = redis.register_script(_TELL)
        self._changed = asyncio.Event()
        self._epoch = ""
        self._was_away = False  # and has not answered since
        self._settled_at = 0.0
        self._withheld = False  # some of those who wait were not told of yet

    def join(self, user_id: UUID, on_position: OnPosition) -> SlotRequest:
        """Add a request to the queue."""
        self._joined += 1
        request = SlotRequest(user_id, self._joined, on_position)
        self.waiting[self._id(request)] = request
        self._changed.set()
        return request

    def leave(self, request: SlotRequest) -> None:
        """Give the slot back, or leave the queue."""
        request_id = self._id(request)
        self.waiting.pop(request_id, None)
        self.held.discard(request_id)
        self.left.add(request_id)
        self._changed.set()

    def _id(self, request: SlotRequest) -> str:
        """The name of a request among those of all processes; it begins with its user's id."""
        return f"{request.user_id.hex}:{self._process}:{request.number}"

    def look_again(self) -> None:
        """Look again, if anybody here waits."""
        if self.waiting:
            self._changed.set()

    def settle(self) -> None:
        """Tell of what is held again, and a little later of those who wait: Redis was away."""
        self._was_away = True
        self._changed.set()

    async def keep(self) -> None:
        """Keep Redis told, until cancelled. While it is away, those who wait go on waiting."""
        task, away = asyncio.current_task(), False
        assert task is not None  # noqa: S101 - this is a coroutine
        while not task.cancelling():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience()):
                    await self._changed.wait()
            self._changed.clear()
            try:
                await self.tell()
                away = False
            except AWAY as error:
                if not away:
                    name = type(error).__name__
                    logger.warning("the line of %s waits for Redis (%s)", self._provider, name)
                away = True
                self.settle()
                await asyncio.sleep(RETRY)

    async def tell(self) -> None:
        """Tell Redis all of our side, and those who wait here what it answers. Raises one of
        `AWAY`; then it is to be repeated."""
        left, held = [*self.left], [*self.held]
        waiting = [*self.waiting.items()]
        was_away, self._was_away = self._was_away, False
        self._withheld = bool(waiting) and (was_away or self._settling() > 0)
        if self._withheld:
            waiting = []
        counts = [self._capacity, self._life, len(left), len(held)]
        ids = [*left, *held, *(request_id for request_id, _ in waiting)]
        arguments = [NEWS, self._news, *counts, self._epoch, *ids]
        epoch, *positions = await self._tell(keys=self.keys, args=arguments)
        self.left.difference_update(left)
        forgotten, self._epoch = self._epoch not in ("", epoch), epoch
        if was_away or forgotten:
            self._settled_at = asyncio.get_running_loop().time() + SETTLE
        if forgotten:
            self._withheld = bool(self.waiting)
            return
        for (request_id, request), position in zip(waiting, positions, strict=True):
            if request.granted.done():
                continue  # it was cancelled meanwhile, and is about to leave
            if position:
                request.move_to(position)
            else:
                del self.waiting[request_id]
                self.held.add(request_id)
                request.granted.set_result(None)

    def _settling(self) -> float:
        return self._settled_at - asyncio.get_running_loop().time()

    def _patience(self) -> float | None:
        if self._withheld:
            return max(0.0, self._settling())
        if self.waiting:
            return POLL
        return RENEW if self.held else None


class RedisProviderSlots:
    """`ProviderSlots` of several processes, which share the slots of a provider. Lives in one event
    loop."""

    def __init__(self, url: str, capacities: Mapping[str, int], life: float = LIFE) -> None:
        """`capacities` as those of `MemoryProviderSlots`."""
        self._redis, self._subscriber = connect(url), connect(url, blocking=True)
        self._capacities, self._life = capacities, life
        self._process = uuid4().hex
        self._queues: dict[str, ProviderQueue | RedisProviderQueue] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._subscribed = False

    def queue(self, provider: str) -> ProviderQueue | RedisProviderQueue:
        """Our side of the queue for a provider; without a limit nothing is shared."""
        if provider not in self._queues:
            capacity = capacity_of(provider, self._capacities)
            if not capacity:
                self._queues[provider] = ProviderQueue(0)
                return self._queues[provider]
            queue = RedisProviderQueue(self._redis, provider, capacity, self._process, self._life)
            self._queues[provider] = queue
            if not self._tasks:
                self._tasks.append(keep_going(self._listen, "lines"))
            self._tasks.append(keep_going(queue.keep, f"queue {provider}"))
        return self._queues[provider]

    def slot(
        self, provider: str, user_id: UUID, on_position: OnPosition
    ) -> AbstractAsyncContextManager[None]:
        """As `ProviderSlots.slot`."""
        return hold_slot(self.queue(provider), provider, user_id, on_position)

    async def aclose(self) -> None:
        """Give back what was left, then let go. What is still held expires."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        with suppress(*AWAY):  # then it expires
            async with asyncio.timeout(FLUSH_PATIENCE):
                for queue in self._queues.values():
                    if isinstance(queue, RedisProviderQueue) and queue.left:
                        await queue.tell()
        await self._redis.aclose()
        await self._subscriber.aclose()

    async def _listen(self) -> None:
        """Look again at queues that others have changed, until cancelled."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is a coroutine
        while not task.cancelling():
            with suppress(*AWAY):
                async with self._subscriber.pubsub() as news:
                    await news.subscribe(NEWS)
                    async for message in news.listen():
                        self._hear(message)
            self._settle()
            await asyncio.sleep(RETRY)

    def _settle(self) -> None:
        for queue in self._queues.values():
            if isinstance(queue, RedisProviderQueue):
                queue.settle()

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            if self._subscribed:
                self._settle()  # news may have been lost, or everything
            self._subscribed = True
            return
        provider, _, process = message["data"].partition(" ")
        queue = self._queues.get(provider)
        if process != self._process and isinstance(queue, RedisProviderQueue):
            queue.look_again()
