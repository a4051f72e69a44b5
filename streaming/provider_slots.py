"""The slots of each provider: so many requests at once; the others wait in a fair queue.

A provider may serve fewer requests at once than it has slots, and let the others wait without a
word; so a request that holds a slot is told how many requests are ahead of it at its model.

The requests of one user are numbered in rounds, and lower rounds go first: everybody's first
request before anybody's second. A user who has nothing here begins in the round that is being
served, before users who were served already; of those, the one with fewer slots goes first.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from streaming import metrics

OnPosition = Callable[[int], None]
OnAhead = Callable[[int], None]


def ignore(number: int) -> None:
    """For a request that needs no positions."""


class ProviderSlots(Protocol):
    """The slots of all providers."""

    def slot(
        self,
        provider: str,
        user_id: UUID,
        on_position: OnPosition = ignore,
        model: str = "",
        on_ahead: OnAhead = ignore,
    ) -> AbstractAsyncContextManager[None]:
        """Wait for a slot of the provider, hold it inside `async with`, and give it back whatever
        happens. Cancelling leaves the queue at once.

        While it waits, `on_position` gets the position in the queue (from 1), at first and on
        every change. While it holds the slot, `on_ahead` gets how many requests to the same model
        got theirs before and still hold it, when there are any and on every change. Neither may
        raise.
        """
        ...

    async def aclose(self) -> None:
        """Release everything when the server ends."""
        ...


@dataclass(eq=False)
class SlotRequest:
    """One request for a slot; `granted` is done when it has one."""

    user_id: UUID
    on_position: OnPosition
    model: str
    on_ahead: OnAhead
    granted: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    number: int = 0  # in the order of arrival
    position: int = 0
    ahead: int = 0

    def move_to(self, position: int) -> None:
        """Report a position, if it is another than the last."""
        if position != self.position:
            self.position = position
            self.on_position(position)

    def follow(self, ahead: int) -> None:
        """Report how many are ahead, if it is another number than the last."""
        if ahead != self.ahead:
            self.ahead = ahead
            self.on_ahead(ahead)


@dataclass
class ProviderQueue:
    """The queue for one provider with `capacity` slots (0: any number)."""

    capacity: int
    holders: list[SlotRequest] = field(default_factory=list)  # in the order of their grants
    held: Counter[UUID] = field(default_factory=Counter)
    waiting: dict[UUID, deque[SlotRequest]] = field(default_factory=dict)
    # The round in which each user who waits or holds a slot was served last, and the newest.
    served: dict[UUID, int] = field(default_factory=dict)
    round: int = 0
    arrived: int = 0

    def in_order(self) -> list[SlotRequest]:
        """All requests that wait, in the order in which they will be served."""
        ranked = [
            (
                self._next_round(user_id) + before,
                self._had(user_id) + before,
                request.number,
                request,
            )
            for user_id, queue in self.waiting.items()
            # A cancelled request is still in the queue until its task has run.
            for before, request in enumerate(r for r in queue if not r.granted.done())
        ]
        return [request for *_, request in sorted(ranked, key=lambda entry: entry[:3])]

    def join(self, request: SlotRequest) -> None:
        """Add a request to the queue."""
        self.arrived += 1
        request.number = self.arrived
        self.waiting.setdefault(request.user_id, deque()).append(request)
        self.serve()

    def leave(self, request: SlotRequest) -> None:
        """Give the slot back, or leave the queue."""
        user_id = request.user_id
        if request.granted.done() and not request.granted.cancelled():
            self.holders.remove(request)
            self.held[user_id] -= 1
            if not self.held[user_id]:
                del self.held[user_id]
        else:
            self._remove(request)
        if user_id not in self.held and user_id not in self.waiting:
            self.served.pop(user_id, None)
        self.serve()

    def serve(self) -> None:
        """Grant the free slots, and report the positions of the others."""
        while order := self.in_order():
            if self.capacity and self.held.total() >= self.capacity:
                break
            request = order[0]
            self.round = self.served[request.user_id] = self._next_round(request.user_id)
            self._remove(request)
            self.holders.append(request)
            self.held[request.user_id] += 1
            request.granted.set_result(None)
        for position, request in enumerate(order, 1):
            request.move_to(position)
        ahead: Counter[str] = Counter()
        for holder in self.holders:
            holder.follow(ahead[holder.model])
            ahead[holder.model] += 1

    def _next_round(self, user_id: UUID) -> int:
        return max(self.served.get(user_id, -1) + 1, self.round)

    def _had(self, user_id: UUID) -> int:
        """0 for a user who was not served since coming, else 1 and the slots held."""
        return self.held[user_id] + 1 if user_id in self.served else 0

    def _remove(self, request: SlotRequest) -> None:
        queue = self.waiting[request.user_id]
        queue.remove(request)
        if not queue:
            del self.waiting[request.user_id]


class MemoryProviderSlots:
    """The slots of one process. `capacities` has the slots of each provider by name, and under
    `""` those of all others; it may be changed, and counts from the next request on."""

    def __init__(self, capacities: Mapping[str, int]) -> None:
        self._capacities = capacities
        self._queues: dict[str, ProviderQueue] = {}

    def queue(self, provider: str) -> ProviderQueue:
        """The queue for a provider."""
        capacity = capacity_of(provider, self._capacities)
        queue = self._queues.setdefault(provider, ProviderQueue(capacity))
        queue.capacity = capacity  # it may have been changed
        return queue

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
        """As `ProviderSlots.aclose`."""


def capacity_of(provider: str, capacities: Mapping[str, int]) -> int:
    """How many slots a provider has; 0 is any number."""
    return capacities.get(provider, capacities.get("", 0))


class Queue(Protocol):
    """The methods of a queue that `hold_slot` calls."""

    def join(self, request: SlotRequest) -> None: ...
    def leave(self, request: SlotRequest) -> None: ...


@asynccontextmanager
async def hold_slot(queue: Queue, provider: str, request: SlotRequest) -> AsyncIterator[None]:
    """Wait in a queue and hold a slot, as `ProviderSlots.slot` says."""
    queue.join(request)
    try:
        with metrics.waiting.labels(provider).track_inprogress():
            await request.granted
        with metrics.at_provider.labels(provider).track_inprogress():
            yield
    finally:
        queue.leave(request)
