"""What a scripted server remembers of a request, and how a test holds its tokens back."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Literal

End = Literal["complete", "client_gone", "cut"]
# Longest wait of a test for something that the server sees, in seconds: long for a busy machine.
WAIT_S = 30.0


@dataclass(eq=False)
class Exchange:
    """One request and what became of it. `sent` counts tokens; times are of `time.monotonic`."""

    method: str
    path: str
    headers: dict[str, str]
    json: Any
    query: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    ended: End | None = None
    ended_at: float | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def model(self) -> str:
        return str(self.json.get("model", "")) if isinstance(self.json, dict) else ""

    async def wait_ended(self) -> End:
        async with asyncio.timeout(WAIT_S):
            await self._over.wait()
        assert self.ended is not None
        return self.ended

    def close(self, end: End) -> None:
        if self.ended is None:
            self.ended, self.ended_at = end, time.monotonic()
            self._over.set()


class Gate:
    """Lets tokens out one by one, when told. May be released before anyone waits at it, and from
    any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tokens = asyncio.Semaphore(0)
        self._opened = False
        self.waiting = 0

    def release(self, n: int = 1) -> None:
        self._loop.call_soon_threadsafe(self._release, n)

    def open(self) -> None:
        """Let everything through from now on."""
        self._loop.call_soon_threadsafe(self._open)

    def _release(self, n: int) -> None:
        for _ in range(n):
            self._tokens.release()

    def _open(self) -> None:
        self._opened = True
        self._release(self.waiting)

    async def passed(self) -> None:
        if self._opened:
            return
        self.waiting += 1
        try:
            await self._tokens.acquire()
        finally:
            self.waiting -= 1
