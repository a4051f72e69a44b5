"""Counting requests and permits: in any order of events, with a clock of our own."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.errors import Throttled, TooManyAtOnce, TooManyRequests, Unavailable
from conversations.usage.budgets import Bound
from streaming.cluster import redis_limits
from streaming.cluster.redis_limits import RedisLimits
from streaming.limits import MINUTE, MemoryLimits, Permit
from streaming.replies.message_queue import Held
from tests.harness import WAIT_S
from tests.harness.redis_server import RedisServer

FOR_EVER = 1e8


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class InMemory(MemoryLimits):
    """The limits of one process, asked as those of several are."""

    async def take(self, a_minute: Bound, at_once: Bound) -> Permit:
        return super().take(a_minute, at_once)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "Redis"])
async def limits(
    request: pytest.FixtureRequest, clock: Clock
) -> AsyncIterator[InMemory | RedisLimits]:
    """Both kinds."""
    if request.param == "memory":
        yield InMemory(clock)
        return
    limits = RedisLimits(request.getfixturevalue("redis_server").fresh(), clock, FOR_EVER)
    yield limits
    await limits.aclose()


async def test_a_permit_tells_what_is_left_of_the_minute(
    limits: InMemory | RedisLimits, clock: Clock
):
    """In OpenAI's headers, and nothing where requests are not limited."""
    minute, free = Bound("a", 3), Bound("a", 0)
    assert (await limits.take(free, free)).headers == {}
    clock.now = 20.0
    await limits.take(minute, free)
    clock.now = 30.5
    assert (await limits.take(minute, free)).headers == {
        "x-ratelimit-limit-requests": "3",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "30s",
    }


async def test_a_minute_takes_so_many_requests(limits: InMemory | RedisLimits, clock: Clock):
    """The next is refused until the first is a minute old, and the refusal says when that is."""
    minute, free = Bound("a", 2), Bound("a", 0)
    await limits.take(minute, free)
    clock.now = 20.0
    await limits.take(minute, free)
    clock.now = 30.0
    with pytest.raises(TooManyRequests) as refusal:
        await limits.take(minute, free)
    assert refusal.value.retry_after == 30
    clock.now += refusal.value.retry_after
    await limits.take(minute, free)
    await limits.take(Bound("b", 2), free)  # somebody else's count is another


async def test_a_place_is_free_again_when_it_is_released(limits: InMemory | RedisLimits):
    """Releasing twice frees one place."""
    free, two = Bound("a", 0), Bound("a", 2)
    first = await limits.take(free, two)
    await limits.take(free, two)
    with pytest.raises(TooManyAtOnce):
        await limits.take(free, two)
    first.release()
    first.release()
    await limits.take(free, two)
    with pytest.raises(TooManyAtOnce):
        await limits.take(free, two)


async def test_a_refusal_costs_nothing(limits: InMemory | RedisLimits, clock: Clock):
    """Whoever is refused for being too many at once has not used up a request."""
    minute, one = Bound("a", 2), Bound("a", 1)
    permit = await limits.take(minute, one)
    for _ in range(5):
        with pytest.raises(TooManyAtOnce):
            await limits.take(minute, one)
    permit.release()
    await limits.take(minute, one)


async def test_a_lowered_limit_holds_at_once(limits: InMemory | RedisLimits, clock: Clock):
    """After a limit was lowered, room comes when enough requests are old."""
    free = Bound("a", 0)
    for second in range(5):
        clock.now = float(second)
        await limits.take(Bound("a", 5), free)
    with pytest.raises(TooManyRequests) as refusal:
        await limits.take(Bound("a", 2), free)
    assert refusal.value.retry_after == MINUTE  # until the one of second 3 is a minute old


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 2)),
        st.tuples(st.just("release"), st.integers(0, 20)),
        st.tuples(st.just("pass"), st.integers(1, 90)),
    ),
    max_size=60,
)


async def against_a_count(
    limits: InMemory | RedisLimits,
    clock: Clock,
    most: int,
    at_once: int,
    steps: list[tuple[str, int]],
) -> None:
    """Admitted exactly when both limits have room."""
    here = uuid4()  # a count of this example's own
    admitted: list[tuple[str, float]] = []
    permits: list[tuple[str, Permit]] = []
    for what, number in steps:
        if what == "pass":
            clock.now += number
        elif what == "release" and permits:
            permits.pop(number % len(permits))[1].release()
        elif what == "ask":
            who = f"{here} {number}"
            lately = sum(1 for w, at in admitted if w == who and at > clock.now - MINUTE)
            running = sum(1 for w, _ in permits if w == who)
            try:
                permits.append((who, await limits.take(Bound(who, most), Bound(who, at_once))))
                admitted.append((who, clock.now))
                assert lately < most
                assert running < at_once
            except Throttled:
                assert lately >= most or running >= at_once
    for _, permit in permits:
        permit.release()


@settings(max_examples=300, deadline=None)
@given(most=st.integers(1, 4), at_once=st.integers(1, 3), steps=STEPS)
def test_never_more_than_allowed_and_never_less(
    most: int, at_once: int, steps: list[tuple[str, int]]
):
    """Against a plain count; and nothing is left of those who are gone."""
    clock = Clock()
    limits = InMemory(clock)

    async def run() -> None:
        await against_a_count(limits, clock, most, at_once, steps)
        clock.now += 2 * MINUTE
        (await limits.take(Bound("last", 1), Bound("last", 1))).release()

    asyncio.run(run())
    assert set(limits._recent) == {"last"}
    assert not limits._running


def test_never_more_nor_less_in_redis(redis_server: RedisServer):
    """The same against the same count."""
    url = redis_server.fresh()

    @settings(max_examples=60, deadline=None, database=None)
    @given(most=st.integers(1, 4), at_once=st.integers(1, 3), steps=STEPS)
    def explore(most: int, at_once: int, steps: list[tuple[str, int]]) -> None:
        async def run() -> None:
            clock = Clock()
            limits = RedisLimits(url, clock, FOR_EVER)
            await against_a_count(limits, clock, most, at_once, steps)
            await limits.aclose()

        asyncio.run(run())

    explore()


# --- Several processes --------------------------------------------------------------------------


async def test_exact_when_all_ask_at_once(redis_server: RedisServer):
    """Sixty calls at the same moment in four processes: three get a place, or five a minute."""
    url = redis_server.fresh()
    processes = [RedisLimits(url) for _ in range(4)]

    async def admitted(a_minute: Bound, at_once: Bound) -> list[Permit]:
        calls = (limits.take(a_minute, at_once) for limits in processes * 15)
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(answer, Permit | Throttled) for answer in answers)
        return [answer for answer in answers if isinstance(answer, Permit)]

    permits = await admitted(Bound("a", 0), Bound("a", 3))
    assert len(permits) == 3
    assert len(await admitted(Bound("b", 5), Bound("b", 0))) == 5
    permits[0].release()
    await processes[0].aclose()
    assert len(await admitted(Bound("a", 0), Bound("a", 3))) == 1
    for limits in processes:
        await limits.aclose()


async def test_the_places_of_the_dead_expire(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
):
    """A process that is gone holds its permits for a while; one that lives renews them."""
    monkeypatch.setattr(redis_limits, "RENEW", 0.2)
    url, free, one = redis_server.fresh(), Bound("a", 0), Bound("a", 1)
    dead, alive, asking = (RedisLimits(url, life=5.0) for _ in range(3))
    await dead.take(free, one)
    await dead.aclose()  # without a release: what it held is still counted
    with pytest.raises(TooManyAtOnce):
        await asking.take(free, one)

    async def take(limits: RedisLimits) -> Permit:
        while True:
            try:
                return await limits.take(free, one)
            except TooManyAtOnce:
                await asyncio.sleep(0.05)

    async with asyncio.timeout(WAIT_S):
        permit = await take(alive)
    key = "chat:{a}:running"
    first = await asking._redis.zrange(key, 0, -1, withscores=True)
    async with asyncio.timeout(WAIT_S):
        while await asking._redis.zrange(key, 0, -1, withscores=True) == first:
            await asyncio.sleep(0.05)
    with pytest.raises(TooManyAtOnce):
        await asking.take(free, one)
    permit.release()
    async with asyncio.timeout(WAIT_S):
        await take(asking)
    await alive.aclose()
    await asking.aclose()


async def test_nobody_is_admitted_without_redis():
    """503, to be tried again."""
    limits = RedisLimits("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable) as refusal:
        await limits.take(Bound("a", 1), Bound("a", 1))
    assert refusal.value.retry_after
    await limits.aclose()


# --- Messages that wait for a limit -------------------------------------------------------------


async def test_what_waits_is_tried_when_its_time_comes():
    """Without any place becoming free, too: a minute passes by itself."""
    tried: asyncio.Queue[UUID] = asyncio.Queue()
    held = Held(tried.put_nowait)
    held.hold(UUID(int=1), UUID(int=2), 0.01)
    assert await asyncio.wait_for(tried.get(), 5) == UUID(int=2)
    held.place_free(UUID(int=1))
    assert tried.empty()


async def test_what_waits_is_tried_when_its_user_has_a_place():
    """Each conversation once, however often it was held, and nobody else's."""
    tried: list[UUID] = []
    held = Held(tried.append)
    user, other = UUID(int=1), UUID(int=2)
    for conversation in (10, 11, 10):
        held.hold(user, UUID(int=conversation), 60)
    held.hold(other, UUID(int=12), 60)
    held.place_free(user)
    assert sorted(tried) == [UUID(int=10), UUID(int=11)]
    held.place_free(user)
    assert len(tried) == 2
    held.place_free(other)
