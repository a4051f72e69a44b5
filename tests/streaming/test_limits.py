"""Counting requests and places: in any order of events, with a clock of our own."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.errors import Throttled, TooManyAtOnce, TooManyRequests
from conversations.usage import Bound
from streaming.limits import MINUTE, MemoryLimits, Slot
from streaming.waiting import Held


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> MemoryLimits:
    return MemoryLimits(clock)


def test_a_minute_takes_so_many_requests(limits: MemoryLimits, clock: Clock):
    """The next is refused until the first is a minute old, and the refusal says when that is."""
    minute, free = Bound("a", 2), Bound("a", 0)
    limits.take(minute, free)
    clock.now = 20.0
    limits.take(minute, free)
    clock.now = 30.0
    with pytest.raises(TooManyRequests) as refusal:
        limits.take(minute, free)
    assert refusal.value.retry_after == 30
    clock.now += refusal.value.retry_after
    limits.take(minute, free)
    limits.take(Bound("b", 2), free)  # somebody else's count is another


def test_a_place_is_free_again_when_it_is_released(limits: MemoryLimits):
    """Releasing twice frees one place."""
    free, two = Bound("a", 0), Bound("a", 2)
    first = limits.take(free, two)
    limits.take(free, two)
    with pytest.raises(TooManyAtOnce):
        limits.take(free, two)
    first.release()
    first.release()
    limits.take(free, two)
    with pytest.raises(TooManyAtOnce):
        limits.take(free, two)


def test_a_refusal_costs_nothing(limits: MemoryLimits, clock: Clock):
    """Whoever is refused for being too many at once has not used up a request."""
    minute, one = Bound("a", 2), Bound("a", 1)
    slot = limits.take(minute, one)
    for _ in range(5):
        with pytest.raises(TooManyAtOnce):
            limits.take(minute, one)
    slot.release()
    limits.take(minute, one)


def test_a_lowered_limit_holds_at_once(limits: MemoryLimits, clock: Clock):
    """After a limit was lowered, room comes when enough requests are old."""
    free = Bound("a", 0)
    for second in range(5):
        clock.now = float(second)
        limits.take(Bound("a", 5), free)
    with pytest.raises(TooManyRequests) as refusal:
        limits.take(Bound("a", 2), free)
    assert refusal.value.retry_after == MINUTE  # until the one of second 3 is a minute old


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 2)),
        st.tuples(st.just("release"), st.integers(0, 20)),
        st.tuples(st.just("pass"), st.integers(1, 90)),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(most=st.integers(1, 4), at_once=st.integers(1, 3), steps=STEPS)
def test_never_more_than_allowed_and_never_less(
    most: int, at_once: int, steps: list[tuple[str, int]]
):
    """Against a plain count: admitted exactly when both limits have room, and nothing is left of
    those who are gone."""
    clock = Clock()
    limits = MemoryLimits(clock)
    admitted: list[tuple[str, float]] = []
    slots: list[tuple[str, Slot]] = []
    for what, number in steps:
        if what == "pass":
            clock.now += number
        elif what == "release" and slots:
            slots.pop(number % len(slots))[1].release()
        elif what == "ask":
            who = f"user {number}"
            lately = sum(1 for w, at in admitted if w == who and at > clock.now - MINUTE)
            running = sum(1 for w, _ in slots if w == who)
            try:
                slots.append((who, limits.take(Bound(who, most), Bound(who, at_once))))
                admitted.append((who, clock.now))
                assert lately < most
                assert running < at_once
            except Throttled:
                assert lately >= most or running >= at_once
    for _, slot in slots:
        slot.release()
    clock.now += 2 * MINUTE
    limits.take(Bound("last", 1), Bound("last", 1)).release()
    assert set(limits._recent) == {"last"}
    assert not limits._running


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
