"""How fast frames are read: above it reading pauses, so that one client cannot keep the process
from serving others."""

import time
from collections.abc import Callable
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

# Frames a second of one socket, and of all sockets of a person in this process; and how many may
# come at once. The page never comes near.
SOCKET_RATE: Final = 20.0
PERSON_RATE: Final = 60.0
BURST: Final = 100
# Seconds above the rate after which a client floods, and the seconds of calm that begin it
# again. A frame without a pause alone does not: the process itself may be late.
FLOOD_SECONDS: Final = 10.0
CALM_SECONDS: Final = 1.0


class Pace:
    """Lets through so many a second in the long run, and `BURST` at once."""

    def __init__(self, rate: float) -> None:
        self._interval, self._slack = 1 / rate, BURST / rate
        self._due = 0.0  # when as many would have come at exactly this rate

    def take(self, now: float) -> float:
        """Count one more. Returns the seconds to wait before the next; below 0 are the seconds
        that are left of the burst."""
        self._due = max(self._due, now) + self._interval
        return self._due - self._slack - now


_paces: WeakValueDictionary[UUID, Pace] = WeakValueDictionary()


class Reading:
    """The pace of one socket and of its person."""

    def __init__(self, user_id: UUID, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._socket = Pace(SOCKET_RATE)
        # Kept while the person has a socket.
        self._person = _paces.setdefault(user_id, Pace(PERSON_RATE))
        self._above_since: float | None = None
        self.floods = False  # it has not slowed down for a while

    def count(self) -> float:
        """Count a frame. Returns the seconds to wait before the next is read."""
        now = self._now()
        wait = max(self._socket.take(now), self._person.take(now))
        if wait < -CALM_SECONDS:
            self._above_since = None
        elif wait > 0:
            self._above_since = now if self._above_since is None else self._above_since
            self.floods = now - self._above_since >= FLOOD_SECONDS
        return max(0.0, wait)
