"""The line before each provider: so many requests at once, the others wait, in fair order.

Requests of one user are numbered in rounds, and lower rounds go first: everybody's first before
anybody's second. Whoever comes new begins in the round that is being served, before those who were
served already; of these, who has fewer places goes first.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from streaming import metrics

Moved = Callable[[int], None]


class Lines(Protocol):
    """A line for each provider."""

    def place(
        self, provider: str, user_id: UUID, moved: Moved
    ) -> AbstractAsyncContextManager[None]:
        """Wait for a place at the provider, hold it inside `async with`, and give it back
        whatever happens. `moved` is told the position in the line (from 1) while it waits, at
        first and on every change, and must not raise. Cancelling leaves the line at once.
        """
        ...

    async def aclose(self) -> None:
        """Let go of everything, when the server ends."""
        ...


@dataclass(eq=False)
class Waiter:
    """One request in a line."""

    user_id: UUID
    number: int  # in the order of arrival
    moved: Moved
    turn: asyncio.Future[None]
    position: int = 0


@dataclass
class Line:
    """The line before one provider with `capacity` places (0: any number)."""

    capacity: int
    held: Counter[UUID] = field(default_factory=Counter)
    waiting: dict[UUID, deque[Waiter]] = field(default_factory=dict)
    # The round in which each user who waits or holds a place was served last, and the newest.
    served: dict[UUID, int] = field(default_factory=dict)
    round: int = 0
    arrived: int = 0

    def in_order(self) -> list[Waiter]:
        """Everybody who waits, in the order in which they will be served."""
        ranked = [
            (self._next_round(user_id) + before, self._had(user_id) + before, waiter.number, waiter)
            for user_id, queue in self.waiting.items()
            # One that was cancelled is still there until its task has noticed.
            for before, waiter in enumerate(w for w in queue if not w.turn.done())
        ]
        return [waiter for *_, waiter in sorted(ranked, key=lambda entry: entry[:3])]

    def join(self, user_id: UUID, moved: Moved) -> Waiter:
        """Get in line. The waiter's `turn` is done when it has a place."""
        self.arrived += 1
        turn = asyncio.get_running_loop().create_future()
        waiter = Waiter(user_id, self.arrived, moved, turn)
        self.waiting.setdefault(user_id, deque()).append(waiter)
        self.serve()
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Give the place back, or the place in the line."""
        user_id = waiter.user_id
        if waiter.turn.done() and not waiter.turn.cancelled():
            self.held[user_id] -= 1
            if not self.held[user_id]:
                del self.held[user_id]
        else:
            self._remove(waiter)
        if user_id not in self.held and user_id not in self.waiting:
            self.served.pop(user_id, None)
        self.serve()

    def serve(self) -> None:
        """Give out the places that are free, and tell the others where they are."""
        while order := self.in_order():
            if self.capacity and self.held.total() >= self.capacity:
                break
            waiter = order[0]
            self.round = self.served[waiter.user_id] = self._next_round(waiter.user_id)
            self._remove(waiter)
            self.held[waiter.user_id] += 1
            waiter.turn.set_result(None)
        for position, waiter in enumerate(order, 1):
            if waiter.position != position:
                waiter.position = position
                waiter.moved(position)

    def _next_round(self, user_id: UUID) -> int:
        return max(self.served.get(user_id, -1) + 1, self.round)

    def _had(self, user_id: UUID) -> int:
        """What a user has had since coming: 0 for one who is new, else one and the places held."""
        return self.held[user_id] + 1 if user_id in self.served else 0

    def _remove(self, waiter: Waiter) -> None:
        queue = self.waiting[waiter.user_id]
        queue.remove(waiter)
        if not queue:
            del self.waiting[waiter.user_id]


class MemoryLines:
    """The lines of one process. `capacities` has the places of each provider by name, and
    under `""` those of all others."""

    def __init__(self, capacities: Mapping[str, int]) -> None:
        self._capacities = capacities
        self._lines: dict[str, Line] = {}

    def line(self, provider: str) -> Line:
        """The line before a provider."""
        if provider not in self._lines:
            usual = self._capacities.get("", 0)
            self._lines[provider] = Line(self._capacities.get(provider, usual))
        return self._lines[provider]

    def place(
        self, provider: str, user_id: UUID, moved: Moved
    ) -> AbstractAsyncContextManager[None]:
        """As `Lines.place`."""
        return stand(self.line(provider), provider, user_id, moved)

    async def aclose(self) -> None:
        """As `Lines.aclose`."""


@asynccontextmanager
async def stand(line: Any, provider: str, user_id: UUID, moved: Moved) -> AsyncIterator[None]:
    """Wait in a line (a `Line`, or one like it) and hold a place, as `Lines.place` says."""
    waiter = line.join(user_id, moved)
    try:
        with metrics.waiting.labels(provider).track_inprogress():
            await waiter.turn
        with metrics.at_provider.labels(provider).track_inprogress():
            yield
    finally:
        line.leave(waiter)
