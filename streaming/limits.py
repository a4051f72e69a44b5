"""How much one caller may have: requests a minute, replies at once, tokens of a budget. The same
count for the socket, REST and `/v1`.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import NamedTuple, Protocol, Self

from channels.db import database_sync_to_async

from conversations.errors import Throttled, TooManyAtOnce, TooManyRequests
from conversations.usage import budgets
from conversations.usage.budgets import Bound, Bounds
from streaming import metrics
from streaming.caller import Caller

# The span of the limit of requests, in seconds.
MINUTE = 60.0
# When to try again after too many at once, in seconds: nobody knows when a reply ends.
AT_ONCE_RETRY = 5.0
# How often a request that waits for a place looks for one, in seconds.
LOOK_AGAIN = 0.1


class Requests(NamedTuple):
    """The requests of a minute: `limit` of them, `remaining` after this one; the oldest is
    forgotten, so that there is room for one more, in `reset` seconds."""

    limit: int
    remaining: int
    reset: float

    @classmethod
    def of(cls, limit: int, count: int, reset: float) -> Self | None:
        """After `count` requests; `None` without a limit."""
        return cls(limit, limit - count, reset) if limit else None

    @property
    def headers(self) -> dict[str, str]:
        """As OpenAI spells them."""
        return {
            "x-ratelimit-limit-requests": str(self.limit),
            "x-ratelimit-remaining-requests": str(self.remaining),
            "x-ratelimit-reset-requests": f"{max(1, ceil(self.reset))}s",
        }


class Permit:
    """One of a caller's places, taken. `headers` tell a program of its requests, where they are
    limited. `release` gives the place back: it may be repeated, never raises and does not wait."""

    def __init__(self, give_back: Callable[[], None], requests: Requests | None = None) -> None:
        self._give_back: Callable[[], None] | None = give_back
        self.headers = requests.headers if requests else {}

    def release(self) -> None:
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()


class Limits(Protocol):
    """Counts the requests and the permits of callers."""

    async def admit(
        self, caller: Caller, *, wait: float = 0, bounds: Bounds | None = None
    ) -> Permit:
        """Count one request and take one of the caller's places, or do neither. Waits up to `wait`
        seconds for a place.

        Reads the database, unless the `bounds` were read just now. Cancelling takes nothing.

        Raises:
            Throttled: a limit is reached or a budget is spent.
            NotAuthenticated: the key is not good any more.
        """
        ...

    async def aclose(self) -> None:
        """Release everything when the server ends."""
        ...


@contextmanager
def count_refusals() -> Iterator[None]:
    """Count a refusal by a limit that is raised inside."""
    try:
        yield
    except Throttled as refusal:
        metrics.refused.labels(refusal.code).inc()
        raise


async def admit(
    caller: Caller,
    take: Callable[[Bound, Bound], Awaitable[Permit]],
    wait: float,
    bounds: Bounds | None,
) -> Permit:
    """`Limits.admit`, by `take` for bounds that are known."""
    end = time.monotonic() + wait
    with count_refusals():
        user, key = caller.user, caller.key
        if bounds is None and caller.just_read and not budgets.has_budget(user=user, key=key):
            bounds = budgets.bounds_of(user=user, key=key)
        if bounds is None:
            bounds = await database_sync_to_async(budgets.bounds)(user=user, key=key)
        while True:
            try:
                return await take(bounds.a_minute, bounds.at_once)
            except TooManyAtOnce:
                if time.monotonic() >= end:
                    raise
            await asyncio.sleep(LOOK_AGAIN)


class MemoryLimits:
    """The limits of one process. A request is forgotten when it is a minute old."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._recent: dict[str, deque[float]] = {}
        self._running: Counter[str] = Counter()
        self._swept = now()

    async def admit(
        self, caller: Caller, *, wait: float = 0, bounds: Bounds | None = None
    ) -> Permit:
        async def take(a_minute: Bound, at_once: Bound) -> Permit:
            return self.take(a_minute, at_once)

        return await admit(caller, take, wait, bounds)

    def take(self, a_minute: Bound, at_once: Bound) -> Permit:
        """`admit` for bounds that are known."""
        now = self._now()
        self._sweep(now)
        recent = self._recent.setdefault(a_minute.subject, deque())
        _drop_old(recent, now)
        if at_once.most and self._running[at_once.subject] >= at_once.most:
            raise too_many_at_once(at_once.most)
        if a_minute.most and len(recent) >= a_minute.most:
            # The request that has to become a minute old before there is room: with a limit that
            # was lowered it is a later one than the oldest.
            raise too_many_requests(a_minute.most, recent[-a_minute.most] + MINUTE - now)
        recent.append(now)
        self._running[at_once.subject] += 1
        requests = Requests.of(a_minute.most, len(recent), recent[0] + MINUTE - now)
        return Permit(lambda: self._leave(at_once.subject), requests)

    async def aclose(self) -> None:
        pass

    def _leave(self, subject: str) -> None:
        self._running[subject] -= 1
        if not self._running[subject]:
            del self._running[subject]

    def _sweep(self, now: float) -> None:
        """Forget, once a minute, the callers without a request in the last minute."""
        if now - self._swept < MINUTE:
            return
        self._swept = now
        for subject, recent in list(self._recent.items()):
            _drop_old(recent, now)
            if not recent:
                del self._recent[subject]


def _drop_old(recent: deque[float], now: float) -> None:
    while recent and recent[0] <= now - MINUTE:
        recent.popleft()


def too_many_requests(most: int, seconds: float) -> Throttled:
    """The refusal of a request, `seconds` before there is room for another."""
    wait = max(1, round(seconds + 0.5))
    refusal = TooManyRequests(
        f"You may send {most} requests a minute. Try again in {wait} s.", retry_after=wait
    )
    refusal.headers = Requests(most, 0, wait).headers
    return refusal


def too_many_at_once(most: int) -> Throttled:
    """The refusal of a request beside `most` others that run."""
    return TooManyAtOnce(
        f"You may have {most} replies at once. Wait for one to end, or stop it.",
        retry_after=AT_ONCE_RETRY,
    )
