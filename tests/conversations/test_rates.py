"""How often somebody may do something."""

import pytest
from django.core.cache import cache

from conversations.errors import CacheAway
from conversations.rates import Rate


@pytest.fixture
def clock() -> list[float]:
    cache.clear()
    return [600_000.0]


@pytest.mark.parametrize("start", [0.0, 3.0, 5.99])
def test_all_at_once_and_then_at_a_pace(clock: list[float], start: float) -> None:
    """Whenever it begins, `most` at once and then ten a second; and after the wait there is
    room."""
    rate = Rate("test", most=60, seconds=6, now=lambda: clock[0])
    clock[0] += start
    taken: list[float] = []
    while clock[0] < 600_020:
        if wait := rate.take("ada"):
            assert 0 < wait <= 6.2
            clock[0] += wait
            assert rate.take("ada") == 0
        taken.append(clock[0])
    assert taken[59] == taken[0]
    for count, moment in enumerate(taken[60:], 1):
        assert moment - taken[0] > (count - 1) / 10
    assert len(taken) > 150


def test_subjects_are_counted_apart(clock: list[float]) -> None:
    rate = Rate("test", most=1, seconds=60, now=lambda: clock[0])
    odd = "\r\n \ud800" + "x" * 5000
    assert [rate.take(subject) for subject in ("ada", "bob", odd)] == [0, 0, 0]
    assert all(rate.take(subject) > 0 for subject in ("ada", "bob", odd))
    assert all(len(key) < 100 and key.isascii() for key in cache._cache)


def test_nobody_waits_while_redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object) -> None:
        raise CacheAway

    monkeypatch.setattr(cache, "get", away)
    assert Rate("test", most=0, seconds=6).take("ada") == 0
