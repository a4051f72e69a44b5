"""Work that a process repeats beside all requests, each in a task of its own."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from typing import Final

from streaming.small_queue import SmallEvent

logger = logging.getLogger(__name__)

# How long a loop pauses after a defect, in seconds.
DEFECT_PAUSE: Final = 1.0


class BackgroundLoop:
    """Repeats `step` until `stop`: when `wake` is called, and after each pause.

    `pause` gives the seconds until the next step without a call of `wake`: 0 for a step that waits
    itself, `None` for no limit. When a step fails with one of the exceptions of `outage` (a service
    is away), the first in a row is logged, `on_outage` is called each time, and the step is
    repeated `retry` seconds later. Any other exception is a defect: it is logged, and does not end
    the loop, since what depends on the loop would wait for ever.

    Lives in one event loop; a step must not be cancelled by itself.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], Awaitable[object]],
        *,
        pause: Callable[[], float | None],
        outage: tuple[type[Exception], ...] = (),
        on_outage: Callable[[], object] = lambda: None,
        retry: float = DEFECT_PAUSE,
    ) -> None:
        self.name = name
        self.woken = SmallEvent()
        self._step, self._pause = step, pause
        self._outage, self._on_outage, self._retry = outage, on_outage, retry
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless it has begun. Needs a running event loop."""
        if self._task is None or self._task.done():
            # A context of its own: a task that is made inside a request breaks with its end.
            self._task = asyncio.get_running_loop().create_task(
                self._run(), name=self.name, context=Context()
            )

    def wake(self) -> None:
        """Do a step now, or another one after the step that runs."""
        self.woken.set()

    def cancel(self) -> None:
        """End it soon; it may be started again at once."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def stop(self) -> None:
        """End it, and return when it has ended. May be repeated, and called before `start`."""
        task = self._task
        self.cancel()
        if task is not None:
            await asyncio.wait([task])

    async def _run(self) -> None:
        task, away = asyncio.current_task(), False
        assert task is not None  # noqa: S101 - this is a coroutine
        # Asked at each turn: redis-py may swallow a cancellation while it closes a connection.
        while not task.cancelling():
            await self._wait()
            try:
                await self._step()
            except self._outage as error:
                if not away:
                    logger.warning("%s: waiting for a service (%s)", self.name, _name(error))
                away = True
                self._on_outage()
                await asyncio.sleep(self._retry)
                self.wake()
            except Exception:
                logger.critical("the task %s failed", self.name, exc_info=True)
                await asyncio.sleep(DEFECT_PAUSE)
            else:
                away = False

    async def _wait(self) -> None:
        pause = self._pause()
        if pause is None or pause > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.woken.wait()
        self.woken.clear()


def _name(error: Exception) -> str:
    return type(error).__name__
