"""The slots of each provider, shared through Redis by all processes.

The order is that of `provider_slots`. Each process tells Redis all of its side of a queue at once
(which requests left, hold a slot, wait), and one script updates the queue, grants the free slots
and returns the positions: so no two processes grant the same slot. A process tells it when its side
has changed, when another process publishes a change, and now and then: what is not told again for a
while belongs to a process that died. Telling it twice changes nothing, so a lost answer does no
harm, and a Redis that came back empty learns everything again.

    chat:{slots-<provider>}:requests  hash: of each request its number, by arrival; with a slot it
                                      is negative, by the order in which slots were granted
    chat:{slots-<provider>}:leases    sorted set: every request, by when it counts as dead
    chat:{slots-<provider>}:rounds    hash: the last round of each user who has requests, and
                                      `round`, `arrived`, `granted`: the newest of all
    chat:{slots-<provider>}:epoch     string: another one when Redis has forgotten all this
    chat:slots                        channel: the provider whose queue changed, and who changed it
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from streaming.background import BackgroundLoop
from streaming.cluster.redis_client import AWAY, connect
from streaming.provider_slots import (
    OnAhead,
    OnPosition,
    ProviderQueue,
    SlotRequest,
    capacity_of,
    hold_slot,
    ignore,
)

# How long a request counts of which Redis is told nothing, in seconds.
LIFE: Final = 15.0
# How often a process that holds slots tells it again, and one that waits, in seconds. A change is
# published, but a publication may be lost, and a request would wait for a slot that is free.
RENEW: Final = 4.0
POLL: Final = 1.0
# How soon Redis is asked again while it is away, in seconds.
RETRY: Final = 0.2
# How long a process tells only of its slots after an outage, in seconds. When Redis came back
# empty it has to know all slots that are held before it grants others, or it grants them twice.
SETTLE: Final = 1.0
# How long the end of a process waits until Redis has its slots back, in seconds.
FLUSH_PATIENCE: Final = 2.0

CHANNEL: Final = "chat:slots"
# Slots of a queue that had a limit and has none any more.
NO_LIMIT: Final = 1_000_000
_KEYS: Final = ("requests", "leases", "rounds", "epoch")

_TELL: Final = Path(__file__).with_name("redis_slots.lua").read_text()


class RedisProviderQueue:
    """The side of this process of the queue for one provider."""

    def __init__(self, redis: Any, provider: str, capacity: int, process: str, life: float) -> None:
        self.keys = [f"chat:{{slots-{provider}}}:{name}" for name in _KEYS]
        self.capacity, self._life = capacity, life
        self._provider, self._process = provider, process
        self.waiting: dict[str, SlotRequest] = {}
        self.held: dict[str, SlotRequest] = {}
        self.left: set[str] = set()  # of which Redis does not know yet
        self._joined = 0
        self._tell = redis.register_script(_TELL)
        self._epoch = ""
        self._was_away = False  # and has not answered since
        self._settled_at = 0.0
        self._withheld = False  # Redis was not told of the requests that wait
        self.loop = BackgroundLoop(
            f"slots of {provider}",
            self.tell,
            pause=self._pause,
            outage=AWAY,
            on_outage=self.settle,
            retry=RETRY,
        )

    def join(self, request: SlotRequest) -> None:
        """Add a request to the queue."""
        self._joined += 1
        request.number = self._joined
        self.waiting[self._id(request)] = request
        self.loop.wake()

    def leave(self, request: SlotRequest) -> None:
        """Give the slot back, or leave the queue."""
        request_id = self._id(request)
        self.waiting.pop(request_id, None)
        self.held.pop(request_id, None)
        self.left.add(request_id)
        self.loop.wake()

    def _id(self, request: SlotRequest) -> str:
        """The id of a request among those of all processes: it begins with its user's and ends with
        its model."""
        return f"{request.user_id.hex}:{self._process}:{request.number}:{request.model}"

    def look_again(self) -> None:
        """Ask for the positions, if any request here waits or has others ahead."""
        if self.waiting or any(request.ahead for request in self.held.values()):
            self.loop.wake()

    def settle(self) -> None:
        """Tell Redis, which was away, of the slots held here, and a little later of the rest."""
        self._was_away = True
        self.loop.wake()

    async def tell(self) -> None:
        """Tell Redis all of our side, and the requests that wait here their positions. Raises one
        of `AWAY`; then it has to be repeated."""
        left, held, waiting = [*self.left], [*self.held.items()], [*self.waiting.items()]
        was_away, self._was_away = self._was_away, False
        self._withheld = bool(waiting) and (was_away or self._settling() > 0)
        if self._withheld:
            waiting = []
        published = f"{self._provider} {self._process}"
        counts = [self.capacity, self._life, len(left), len(held)]
        ids = [*left, *(request_id for request_id, _ in (*held, *waiting))]
        arguments = [CHANNEL, published, *counts, self._epoch, *ids]
        epoch, *positions = await self._tell(keys=self.keys, args=arguments)
        self.left.difference_update(left)
        forgotten, self._epoch = self._epoch not in ("", epoch), epoch
        if was_away or forgotten:
            self._settled_at = asyncio.get_running_loop().time() + SETTLE
        if forgotten:
            self._withheld = bool(self.waiting)
            return
        for (request_id, request), position in zip((*held, *waiting), positions, strict=True):
            if request_id not in self.held and request.granted.done():
                continue  # it has left meanwhile, or is about to: it was cancelled
            if position > 0:
                request.move_to(position)
                continue
            if request_id in self.waiting:
                self.held[request_id] = self.waiting.pop(request_id)
                request.granted.set_result(None)
            request.follow(-position)

    def _settling(self) -> float:
        return self._settled_at - asyncio.get_running_loop().time()

    def _pause(self) -> float | None:
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
        self._subscribed = False
        self._listening = BackgroundLoop(
            "slots",
            self._listen,
            pause=lambda: 0.0,
            outage=AWAY,
            on_outage=self._settle,
            retry=RETRY,
        )

    def queue(self, provider: str) -> ProviderQueue | RedisProviderQueue:
        """Our side of the queue for a provider; without a limit nothing is shared."""
        capacity, known = capacity_of(provider, self._capacities), self._queues.get(provider)
        if isinstance(known, RedisProviderQueue):
            known.capacity = capacity or NO_LIMIT  # it may have been changed
            return known
        if capacity:
            queue = RedisProviderQueue(self._redis, provider, capacity, self._process, self._life)
            self._queues[provider] = queue
            self._listening.start()
            queue.loop.start()
            return queue
        return self._queues.setdefault(provider, ProviderQueue(0))

    def slot(
        self,
        provider: str,
        user_id: UUID,
        on_position: OnPosition = ignore,
        model: str = "",
        on_ahead: OnAhead = ignore,
    ) -> AbstractAsyncContextManager[None]:
        """As `ProviderSlots.slot`."""
        request = SlotRequest(user_id, on_position, model, on_ahead)
        return hold_slot(self.queue(provider), provider, request)

    async def aclose(self) -> None:
        """Give back what was left, then let go. Slots that are still held expire."""
        await self.stop()
        with suppress(*AWAY):  # then it expires
            async with asyncio.timeout(FLUSH_PATIENCE):
                for queue in self._shared():
                    if queue.left:
                        await queue.tell()
        await self._redis.aclose()
        await self._subscriber.aclose()

    async def stop(self) -> None:
        """Tell Redis nothing more."""
        await self._listening.stop()
        for queue in self._shared():
            await queue.loop.stop()

    def _shared(self) -> list[RedisProviderQueue]:
        return [q for q in self._queues.values() if isinstance(q, RedisProviderQueue)]

    def _settle(self) -> None:
        for queue in self._shared():
            queue.settle()

    async def _listen(self) -> None:
        """Look again at queues that other processes have changed, until the connection is lost."""
        async with self._subscriber.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            async for message in subscription.listen():
                self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            if self._subscribed:
                self._settle()  # publications may have been lost, or all that Redis had
            self._subscribed = True
            return
        provider, _, process = message["data"].partition(" ")
        queue = self._queues.get(provider)
        if process != self._process and isinstance(queue, RedisProviderQueue):
            queue.look_again()
