"""Bounds connections whose request is incomplete: in time, and in number for each address.

A client that sends half a request costs a descriptor for as long as it likes, and nothing of the
application ever runs for it. Both servers tell us of these here, and one clock looks after all.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

# How long a client may take for the head of a request, and for its body, in seconds. A body of
# 20 MB takes five minutes at half a megabit a second.
HEAD_SECONDS: Final = 20.0
BODY_SECONDS: Final = 300.0
# Unfinished requests of one address that are left alone. A proxy sends whole heads at once, so a
# herd behind one address is not counted before it is as old as `GRACE`, in seconds.
PER_ADDRESS: Final = 100
GRACE: Final = 2.0
# Seconds between two looks.
PAUSE: Final = 1.0


@dataclass(eq=False)
class Arrival:
    """One unfinished request; `abort` closes its connection."""

    address: str
    abort: Callable[[], None]
    since: float = field(default_factory=time.monotonic)
    seconds: float = HEAD_SECONDS


class Arrivals:
    """All unfinished requests of this process. Needs a running event loop."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._open: set[Arrival] = set()
        self._clock: asyncio.TimerHandle | None = None

    def begin(self, address: str, abort: Callable[[], None]) -> Arrival:
        """Watch a request of which something has arrived."""
        arrival = Arrival(address, abort, self._now())
        self._open.add(arrival)
        if self._clock is None:
            self._clock = asyncio.get_running_loop().call_later(PAUSE, self._tick)
        return arrival

    def head_read(self, arrival: Arrival) -> None:
        """Its head is whole: the body has a time of its own."""
        arrival.since, arrival.seconds = self._now(), BODY_SECONDS

    def end(self, arrival: Arrival) -> None:
        """It is whole, or its connection is gone. May be repeated."""
        self._open.discard(arrival)

    def overdue(self) -> list[Arrival]:
        """The requests to give up now: too slow, or the oldest of an address with too many."""
        now = self._now()
        late = [arrival for arrival in self._open if now - arrival.since > arrival.seconds]
        by_address: dict[str, list[Arrival]] = defaultdict(list)
        for arrival in self._open.difference(late):
            if now - arrival.since > GRACE:
                by_address[arrival.address].append(arrival)
        for arrivals in by_address.values():
            if (surplus := len(arrivals) - PER_ADDRESS) > 0:
                late += sorted(arrivals, key=attrgetter("since"))[:surplus]
        return late

    def _tick(self) -> None:
        for arrival in self.overdue():
            self.end(arrival)
            arrival.abort()
        again = asyncio.get_running_loop().call_later
        self._clock = again(PAUSE, self._tick) if self._open else None


arrivals = Arrivals()
