"""Loops beside all requests: what wakes them, what they survive, and that they end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from streaming import background
from streaming.background import BackgroundLoop
from tests.harness import WAIT_S


class Away(Exception):
    """The service of these tests does not answer."""


class Steps:
    """A step that does what the test says, and counts."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.count = 0
        self._stepped = asyncio.Event()

    async def __call__(self) -> None:
        self.count += 1
        self._stepped.set()
        if self.failures:
            raise self.failures.pop(0)

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while self.count < count:
                self._stepped.clear()
                await self._stepped.wait()


def loop_of(step: Callable[[], Awaitable[None]], pause: float | None = None) -> BackgroundLoop:
    return BackgroundLoop("planting", step, pause=lambda: pause, outage=(Away,), retry=0.001)


async def test_a_step_follows_each_wake_and_each_pause():
    """A call of `wake` during a step is not lost."""
    steps = Steps()
    loop = loop_of(steps)
    loop.start()
    loop.wake()
    await steps.reach(1)
    loop.wake()
    await steps.reach(2)
    await loop.stop()
    loop = loop_of(steps, pause=0.001)
    loop.start()
    await steps.reach(5)
    await loop.stop()


async def test_an_outage_is_logged_once_and_the_step_repeated(caplog: pytest.LogCaptureFixture):
    """Nobody has to wake the loop for it, and the next outage is logged again."""
    outages = 0

    def count() -> None:
        nonlocal outages
        outages += 1

    steps = Steps(Away(), Away(), Away())
    loop = BackgroundLoop(
        "planting", steps, pause=lambda: None, outage=(Away,), on_outage=count, retry=0.001
    )
    loop.start()
    loop.wake()
    with caplog.at_level(logging.WARNING, "streaming.background"):
        await steps.reach(4)
        assert (outages, len(caplog.records)) == (3, 1)
        steps.failures.append(Away())
        loop.wake()
        await steps.reach(6)
    assert (outages, len(caplog.records)) == (4, 2)
    await loop.stop()


async def test_a_defect_does_not_end_the_loop(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """It is logged each time."""
    monkeypatch.setattr(background, "DEFECT_PAUSE", 0.001)
    steps = Steps(RuntimeError("planted"), RuntimeError("planted"))
    loop = loop_of(steps, pause=0.001)
    with caplog.at_level(logging.CRITICAL, "streaming.background"):
        loop.start()
        await steps.reach(3)
        await loop.stop()
    assert caplog.text.count("the task planting failed") == 2


async def test_it_ends_though_its_step_swallows_the_cancellation():
    """As redis-py does while it closes a connection."""
    entered = asyncio.Event()

    async def swallow() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    loop = loop_of(swallow, pause=0.0)
    loop.start()
    await entered.wait()
    async with asyncio.timeout(WAIT_S):
        await loop.stop()


async def test_it_may_be_stopped_at_any_time_and_started_again():
    """Before its start, during a pause, and twice."""
    steps = Steps()
    loop = loop_of(steps, pause=0.0005)
    await loop.stop()
    for _ in range(3):
        before = steps.count
        loop.start()
        loop.start()
        await steps.reach(before + 2)
        await loop.stop()
        await loop.stop()
