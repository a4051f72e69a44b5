"""The limits of callers, counted in Redis for all processes at once.

    chat:{<subject>}:minute   sorted set: the requests of the last minute, by their time
    chat:{<subject>}:running  sorted set: the permits that are taken, by when they expire

Every process renews the permits it holds; those of a process that died expire. One script checks
and counts, so that requests at the same moment do not all find the last permit free. The clock is
that of Redis: those of the processes may differ.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

from conversations.usage.budgets import Bound, Bounds
from streaming.background import BackgroundLoop
from streaming.caller import Caller
from streaming.cluster.redis_client import AWAY, ServiceAway, connect
from streaming.limits import (
    MINUTE,
    Permit,
    Requests,
    admit,
    too_many_at_once,
    too_many_requests,
)

# How long a permit is held that nobody renews, and how often it is renewed, in seconds.
LIFE: Final = 15.0
RENEW: Final = 4.0

# KEYS minute, running. ARGV: the permit, most a minute, most at once, seconds of the span, seconds
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
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {'taken', tostring(oldest[2] + span - now), redis.call('ZCARD', KEYS[1])}
"""

# Hold permits longer. KEYS running. ARGV: seconds of life, then the permits.
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
        """`now` replaces the clock of Redis in tests; then nothing is renewed, so `life` has to be
        long."""
        self._redis = connect(url)
        self._take = self._redis.register_script(_TAKE)
        self._renew = self._redis.register_script(_RENEW)
        self._now, self._life = now, life
        self._held: dict[str, str] = {}  # the key of each permit
        self._released: dict[str, str] = {}
        self._renew_at = 0.0
        self._loop = BackgroundLoop("limits", self._keep, pause=self._until_renewal, outage=AWAY)

    async def admit(
        self, caller: Caller, *, wait: float = 0, bounds: Bounds | None = None
    ) -> Permit:
        """As `Limits.admit`. Raises `Unavailable`, too, when Redis is away."""
        return await admit(caller, self.take, wait, bounds)

    async def take(self, a_minute: Bound, at_once: Bound) -> Permit:
        """`admit` for bounds that are known. A permit that is taken when the caller is cancelled
        expires."""
        permit, running = uuid4().hex, f"chat:{{{at_once.subject}}}:running"
        now = self._now() if self._now else ""
        arguments: list[Any] = [permit, a_minute.most, at_once.most, MINUTE, self._life, now]
        try:
            await self._give_back()  # a caller whose reply has just ended has room for the next
            state, seconds, *count = await self._take(
                keys=[f"chat:{{{a_minute.subject}}}:minute", running], args=arguments
            )
        except AWAY:
            raise ServiceAway from None
        match state:
            case "at once":
                raise too_many_at_once(at_once.most)
            case "a minute":
                raise too_many_requests(a_minute.most, float(seconds))
        self._held[permit] = running
        self._loop.start()
        requests = Requests.of(a_minute.most, count[0], float(seconds))
        return Permit(lambda: self._leave(permit), requests)

    async def aclose(self) -> None:
        """Give back what was released, then let go. Permits that are still held expire."""
        await self._loop.stop()
        with suppress(*AWAY):
            await self._give_back()
        await self._redis.aclose()

    def _leave(self, permit: str) -> None:
        if (key := self._held.pop(permit, None)) is not None:
            self._released[permit] = key
            self._loop.wake()

    def _until_renewal(self) -> float:
        return max(0.0, self._renew_at - asyncio.get_running_loop().time())

    async def _keep(self) -> None:
        """Give back released permits, and renew the others when it is time."""
        await self._give_back()
        if self._until_renewal() > 0:
            return
        if self._now is None:
            await self._renew_all()
        self._renew_at = asyncio.get_running_loop().time() + RENEW

    async def _give_back(self) -> None:
        released, self._released = self._released, {}
        if not released:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for permit, key in released.items():
                    pipe.zrem(key, permit)
                await pipe.execute()
        except BaseException:  # also when the caller who came to take one is cancelled
            self._released |= released
            raise

    async def _renew_all(self) -> None:
        by_key: dict[str, list[str]] = {}
        for permit, key in self._held.items():
            by_key.setdefault(key, []).append(permit)
        for key, permits in by_key.items():
            await self._renew(keys=[key], args=[self._life, *permits])
