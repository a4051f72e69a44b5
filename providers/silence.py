"""How long a stream of a model may say nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, Self

from providers import errors
from providers.config import Timeouts

# Seconds of silence after which a server's health is asked for, and after which a server that does
# not answer is given up.
PROBE_EVERY_S = 20.0
DEAD_AFTER_S = 60.0


class SilenceLimit:
    """How long a stream may stay silent: until its first text, and then between two pieces.

    Silence is not failure: models load, prompts are read and tool calls are written for minutes
    without a byte. The limits of `timeouts` hold while the server answers `probe`; a server that
    does not answer it is given up after `DEAD_AFTER_S`. Enter it around the whole stream.

    One timer serves the whole stream. It is not set anew for each piece: when it fires, it looks
    how long the silence is by then.
    """

    def __init__(self, timeouts: Timeouts, probe: Callable[[], Awaitable[None]]) -> None:
        self._timeouts = timeouts
        self._probe = probe
        self.loop = asyncio.get_running_loop()
        self._clock = self.loop.time
        self._since = self._clock()
        self._first_at = self._since + timeouts.first_byte_timeout_s
        self._wait = _Wait(self)
        self._waiting: asyncio.Task[Any] | None = None  # who waits for a piece
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._probing: asyncio.Task[None] | None = None
        self.expired = False
        self.begun = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait({self._probing})

    def limit(self) -> AbstractContextManager[None]:
        """The context in which to wait for the next piece; raises `TimeoutError`."""
        return self._wait

    def begin(self, task: asyncio.Task[Any]) -> None:
        """`task` waits for a piece from now on."""
        self._waiting, self._since = task, self._clock()
        self._deadline = min(self._end(), self._since + DEAD_AFTER_S)
        self._look_at(min(self._deadline, self._since + PROBE_EVERY_S))

    def end(self) -> None:
        """Nobody waits any more."""
        self._waiting = None

    def _end(self) -> float:
        return self._since + self._timeouts.gap_timeout_s if self.begun else self._first_at

    def _look_at(self, when: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self.loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer, now = None, self._clock()
        if self._waiting is None:
            return
        if now >= self._deadline:
            self.expired = True
            self._waiting.cancel()
            return
        probe_at = self._since + PROBE_EVERY_S
        if now >= probe_at:
            if self._probing is None or self._probing.done():
                self._probing = asyncio.create_task(self._ask(), name="silence probe")
            probe_at = now + PROBE_EVERY_S
        self._look_at(min(self._deadline, probe_at))

    async def _ask(self) -> None:
        """Extend the wait that is going on if the server answers."""
        since = self._since
        try:
            await self._probe()
        except (errors.ProviderUnavailable, errors.ProviderTimeout):
            return
        except errors.ProviderError:
            pass  # an answer, too
        if self._waiting is not None and since == self._since:
            self._deadline = min(self._end(), self._clock() + DEAD_AFTER_S)

    def error(self, who: str) -> errors.ProviderTimeout:
        """The error for a `TimeoutError`."""
        if self._clock() < self._end():
            return errors.ProviderTimeout(f"{who} does not answer any more.")
        if not self.begun:
            return no_answer(who, self._timeouts.first_byte_timeout_s)
        gap_s = f"{self._timeouts.gap_timeout_s:g}"
        return errors.ProviderTimeout(
            f"{who} stopped in the middle of the reply: nothing came for {gap_s} s."
        )


class _Wait:
    """One wait after the other for the pieces of a stream, as `asyncio.timeout` does it."""

    def __init__(self, limit: SilenceLimit) -> None:
        self._limit = limit
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0

    def __enter__(self) -> None:
        task = self._task = asyncio.current_task(self._limit.loop)
        assert task is not None  # noqa: S101 - this is a coroutine
        self._cancelling = task.cancelling()
        self._limit.begin(task)

    def __exit__(self, kind: object, exc: BaseException | None, _: object) -> None:
        self._limit.end()
        if not self._limit.expired:
            return
        self._limit.expired = False
        assert self._task is not None  # noqa: S101 - it was entered
        if self._task.uncancel() <= self._cancelling and isinstance(exc, asyncio.CancelledError):
            raise TimeoutError from exc


def no_answer(who: str, seconds: float) -> errors.ProviderTimeout:
    return errors.ProviderTimeout(f"{who} did not answer within {seconds:g} s.")
