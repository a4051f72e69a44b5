"""A queue and an event that take little memory while they are empty and nobody waits."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class SmallQueue(Generic[T]):
    """As `asyncio.Queue`, of which an empty one takes 3 KiB, and an idle socket has several: it is
    made for few items and few who wait. With `most` items it is full; 0 is no limit."""

    __slots__ = ("_most", "_queue", "_unfinished", "_waiting")

    def __init__(self, most: int = 0) -> None:
        self._most = most
        self._queue: list[T] = []
        self._unfinished = 0
        self._waiting: list[asyncio.Future[None]] = []

    def empty(self) -> bool:
        return not self._queue

    def qsize(self) -> int:
        return len(self._queue)

    def put_nowait(self, item: T) -> None:
        """Add an item. Raises `asyncio.QueueFull`."""
        if 0 < self._most <= len(self._queue):
            raise asyncio.QueueFull
        self._queue.append(item)
        self._unfinished += 1
        self._wake()

    def get_nowait(self) -> T:
        """Take the first item. Raises `asyncio.QueueEmpty`."""
        if not self._queue:
            raise asyncio.QueueEmpty
        return self._queue.pop(0)

    async def get(self) -> T:
        """Take the first item, when there is one. Cancelling loses none."""
        while not self._queue:
            await self._change()
        return self._queue.pop(0)

    def task_done(self) -> None:
        """Say that an item which was taken is done with."""
        self._unfinished -= 1
        self._wake()

    async def join(self) -> None:
        """Return when every item is done with."""
        while self._unfinished:
            await self._change()

    async def _change(self) -> None:
        await _wait_among(self._waiting)

    def _wake(self) -> None:
        """Let everyone who waits look again: who was cancelled meanwhile takes nothing away."""
        _wake_all(self._waiting)


class SmallEvent:
    """As `asyncio.Event`, which takes 1 KiB even when nobody waits for it, and longer to wait."""

    __slots__ = ("_is_set", "_waiting")

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: list[asyncio.Future[None]] = []

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        """Let everyone who waits go on."""
        self._is_set = True
        _wake_all(self._waiting)

    def clear(self) -> None:
        self._is_set = False

    async def wait(self) -> bool:
        """Return when it is set."""
        if not self._is_set:
            await _wait_among(self._waiting)
        return True


async def _wait_among(waiting: list[asyncio.Future[None]]) -> None:
    """Return when all of these are woken. Cancelling leaves nothing among them."""
    waiter = asyncio.get_running_loop().create_future()
    waiting.append(waiter)
    try:
        await waiter
    finally:
        waiting.remove(waiter)


def _wake_all(waiting: list[asyncio.Future[None]]) -> None:
    for waiter in waiting:
        if not waiter.done():
            waiter.set_result(None)
