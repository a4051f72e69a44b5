"""Rate limits, counted in the cache for all processes together."""

import time
from collections.abc import Callable
from hashlib import sha256

from django.core.cache import cache

from conversations.errors import CacheAway

# Added to each wait, in seconds: clocks and sums are not exact.
SPARE = 0.001


class Rate:
    """`most` times at once, and then as many in each `seconds`.

    Counts whole spans. Of the span before, as much counts as still lies in the last `seconds`.
    """

    def __init__(
        self, name: str, *, most: int, seconds: float, now: Callable[[], float] | None = None
    ) -> None:
        self.name, self.most, self.seconds = name, most, seconds
        self._now = now or (lambda: time.time())

    def take(self, subject: object) -> float:
        """Count one more of a subject. Returns 0, or the seconds to wait, when it is too many and
        was not counted. While Redis is away nobody has to wait."""
        span, into = divmod(self._now(), self.seconds)
        # A hash, since a subject may be what a client has written.
        digest = sha256(str(subject).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        here, before = (f"{self.name}:{digest}:{number:.0f}" for number in (span, span - 1))
        try:
            earlier = int(cache.get(before, 0))
            cache.add(here, 0, 2 * self.seconds)
            count = int(cache.incr(here))
            if count + earlier * (1 - into / self.seconds) <= self.most:
                return 0
            cache.decr(here)
        except CacheAway:
            return 0
        except ValueError:  # it was forgotten in between
            return 0
        wait = self.seconds - into
        if count <= self.most:  # there is room when less of the span before counts
            wait -= (self.most - count) * self.seconds / earlier
        else:
            wait += self.seconds / self.most
        return wait + SPARE
