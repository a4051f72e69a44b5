"""What providers answered a moment ago, so that a hundred turns at once ask once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


class ProviderAnswers:
    """Answers by key, each believed for some seconds. Lives in one event loop."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Any]] = {}
        self._asking: dict[str, asyncio.Task[Any]] = {}

    async def get(self, key: str, seconds: float, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the answer to `ask`: one that is younger than `seconds`, else a new one. Callers
        that come while it is asked for wait for the same answer."""
        until, value = self._known.get(key, (0.0, None))
        if until > time.monotonic():
            return value  # type: ignore[no-any-return]
        asking = self._asking.get(key)
        if asking is None:

            async def remember() -> T:
                answer = await ask()
                if self._asking.get(key) is asyncio.current_task():  # else it was forgotten
                    self._known[key] = (time.monotonic() + seconds, answer)
                return answer

            asking = self._asking[key] = asyncio.get_running_loop().create_task(
                remember(), name=f"ask for {key}", context=Context()
            )
            asking.add_done_callback(partial(self._done, key))
        return await asyncio.shield(asking)

    def last(self, key: str, default: T) -> T:
        """Return the last answer, however old."""
        _, value = self._known.get(key, (0.0, default))
        return value  # type: ignore[no-any-return]

    def believe_for(self, key: str, seconds: float) -> None:
        """Believe an answer for no longer than `seconds` from now."""
        if key in self._known:
            until, value = self._known[key]
            self._known[key] = (min(until, time.monotonic() + seconds), value)

    def forget(self, *keys: str) -> None:
        """Ask again next time. An answer that is under way is not kept."""
        for key in keys:
            self._known.pop(key, None)
            self._asking.pop(key, None)

    def expire(self, key: str) -> None:
        """Ask again next time, or wait for the answer that is under way."""
        self._known.pop(key, None)

    def _done(self, key: str, asking: asyncio.Task[Any]) -> None:
        if self._asking.get(key) is asking:
            del self._asking[key]
        if not asking.cancelled():
            asking.exception()  # whoever asked gets it; asyncio would log it once more
