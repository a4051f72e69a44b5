"""The limits of callers, counted in Redis for all processes at once.

    chat:{<subject>}:minute   sorted set: the requests of the last minute, by their time
    chat:{<subject>}:running  sorted set: the places that are taken, by when they expire

Every process renews the places it holds; those of one that died are free when they expire. One
script looks and counts, so however many ask at once, no one gets more than there is. The clock
is that of Redis.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from channels.db import database_sync_to_async

from conversations.errors import Throttled
from conversations.usage import budgets
from conversations.usage.budgets import Bound
from streaming import metrics
from streaming.background import keep_going
from streaming.caller import Caller
from streaming.cluster.redis_client import AWAY, ServiceAway, connect
from streaming.limits import MINUTE, Permit, too_many_at_once, too_many_requests

logger = logging.getLogger(__name__)

# How long a place is held that nobody renews, and how often it is renewed, in seconds.
LIFE: Final = 15.0
RENEW: Final = 4.0

# KEYS minute, running. ARGV: who asks, most a minute, most at once, seconds of the span, seconds
# of life, and the time, or nothing for that of Redis.
_TAKE: Final = """
local now = tonumber(ARGV[6])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local a_minute, at_once, span = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - span)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if at_once > 0 and redis.call('ZCARD', KEYS[2]) >= at_once then return {'at once', '0'} end
if a_minute > 0 and redis.call('ZCARD', KEYS[1]) >= a_minute then
  local first = redis.call('ZRANGE', KEYS[1], -a_minute, -a_minute, 'WITHSCORES')
  return {'a minute', tostring(first[2] + span - now)}
end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[5]), ARGV[1])
redis.call('EXPIRE', KEYS[1], math.ceil(span) + 1)
redis.call('EXPIRE', KEYS[2], math.ceil(tonumber(ARGV[5])) + 1)
return {'taken', '0'}
"""

# Hold places longer. KEYS running. ARGV: seconds of life, then the places.
_RENEW: Final = """
local time = redis.call('TIME')
local until_ = tonumber(time[1]) + tonumber(time[2]) / 1000000 + tonumber(ARGV[1])
for at = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', until_, ARGV[at]) end
redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(ARGV[1])) + 1)
"""


class RedisLimits:
    """`Limits` of several processes. Without Redis nobody is admitted."""

    def __init__(
        self, url: str, now: Callable[[], float] | None = None, life: float = LIFE
    ) -> None:
        """`now` is a clock of one's own; by it nothing is renewed, so `life` has to be long."""
        self._redis = connect(url)
        self._take = self._redis.register_script(_TAKE)
        self._renew = self._redis.register_script(_RENEW)
        self._now, self._life = now, life
        self._held: dict[str, str] = {}  # the key of each place
        self._released: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def admit(self, caller: Caller) -> Permit:
        """As `Limits.admit`. Raises `Unavailable`, too, when Redis is away."""
        try:
            bounds = await database_sync_to_async(budgets.bounds)(user=caller.user, key=caller.key)
            return await self.take(bounds.a_minute, bounds.at_once)
        except Throttled as refusal:
            metrics.refused.labels(refusal.code).inc()
            raise

    async def take(self, a_minute: Bound, at_once: Bound) -> Permit:
        """`admit` for bounds that are known. A place that is taken when the caller is cancelled
        expires."""
        place, running = uuid4().hex, f"chat:{{{at_once.subject}}}:running"
        now = self._now() if self._now else ""
        arguments: list[Any] = [place, a_minute.most, at_once.most, MINUTE, self._life, now]
        await self._give_back()  # what has ended here counts no more
        try:
            answer: Any = await self._take(
                keys=[f"chat:{{{a_minute.subject}}}:minute", running], args=arguments
            )
        except AWAY:
            raise ServiceAway from None
        match answer[0]:
            case "at once":
                raise too_many_at_once(at_once.most)
            case "a minute":
                raise too_many_requests(a_minute.most, float(answer[1]))
        self._held[place] = running
        if self._keeper is None:
            self._keeper = keep_going(self._keep, "limits")
        return Permit(lambda: self._leave(place))

    async def aclose(self) -> None:
        """Give back what was released, then let go. Places that are still held expire."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            await self._give_back()
        await self._redis.aclose()

    def _leave(self, place: str) -> None:
        if (key := self._held.pop(place, None)) is not None:
            self._released[place] = key
            self._changed.set()

    async def _keep(self) -> None:
        """Give back places that were released, at once, and renew the others now and then."""
        task, clock = asyncio.current_task(), asyncio.get_running_loop().time
        assert task is not None  # noqa: S101 - this is a coroutine
        due = clock() + RENEW
        while not task.cancelling():
            try:
                async with asyncio.timeout(max(0.0, due - clock())):
                    await self._changed.wait()
            except TimeoutError:
                if self._now is None:
                    await self._renew_all()
                due = clock() + RENEW
            self._changed.clear()
            await self._give_back()

    async def _give_back(self) -> None:
        released, self._released = self._released, {}
        if not released:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for place, key in released.items():
                    pipe.zrem(key, place)
                await pipe.execute()
        except AWAY as error:
            logger.debug("%d places will expire (%s)", len(released), type(error).__name__)

    async def _renew_all(self) -> None:
        by_key: dict[str, list[str]] = {}
        for place, key in self._held.items():
            by_key.setdefault(key, []).append(place)
        try:
            for key, places in by_key.items():
                await self._renew(keys=[key], args=[self._life, *places])
        except AWAY as error:
            logger.debug("places not renewed (%s)", type(error).__name__)
