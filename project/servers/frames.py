"""Gives a server the frames of a socket a few at a time.

A server reads all frames that came with one call to the kernel before it does anything else. Many
small ones fit in there: 400 kB of them on each of three sockets held up everybody for more than ten
seconds, since daphne also copies what is behind each.
"""

import asyncio
from collections.abc import Callable
from typing import Final

# Frames that a socket's server gets at once, and the seconds until the next; and until it is looked
# again whether the application has taken those before. Ours are read more slowly (`socket.pace`).
AT_ONCE: Final = 8
PAUSE: Final = 0.02
# Of the second byte: whether there is a mask, and the length, or that 2 or 8 bytes behind have it.
MASKED, LENGTH = 0x80, 0x7F
MASK_BYTES: Final = 4
LONGER: Final = {126: 2, 127: 8}


class Frames:
    """The frames of one socket that its server has not read.

    `hand_on` gets them whole, or as much of the last as is there. `read` is told whether to read
    from the network; while the application `is_behind` nothing is handed on.
    """

    __slots__ = ("_hand_on", "_is_behind", "_read", "_rest", "_timer", "_unread")

    def __init__(
        self,
        hand_on: Callable[[bytes], None],
        read: Callable[[bool], None],
        is_behind: Callable[[], bool],
    ) -> None:
        self._hand_on, self._read, self._is_behind = hand_on, read, is_behind
        self._unread = bytearray()
        self._rest = 0  # bytes of the last frame that are still to come
        self._timer: asyncio.TimerHandle | None = None

    def came(self, data: bytes) -> None:
        """Take what was read from the network. It may still come a while after `read(False)`."""
        self._unread += data
        if self._timer is None:
            self._go_on()
        else:
            self._read(False)

    def end(self) -> None:
        """Forget what is unread: the connection is gone."""
        self._unread.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _go_on(self) -> None:
        waited, self._timer = self._timer is not None, None
        if not self._is_behind() and (few := self._take()):
            self._hand_on(few)
        if self._unread and (self._rest or self._frame(0) is not None):
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._go_on)
            self._read(False)
        elif waited:
            self._read(True)

    def _take(self) -> bytes:
        """Remove the next few frames from what is unread."""
        end = min(self._rest, len(self._unread))
        self._rest -= end
        for _ in range(AT_ONCE):
            if self._rest or (frame := self._frame(end)) is None:
                break
            there = min(frame, len(self._unread) - end)
            self._rest = frame - there
            end += there
        few = bytes(self._unread[:end])
        del self._unread[:end]
        return few

    def _frame(self, start: int) -> int | None:
        """The bytes of the frame that begins at `start` (RFC 6455, 5.2), if so much of it is there
        that they are known."""
        if len(self._unread) < start + 2:
            return None
        second = self._unread[start + 1]
        length, longer = second & LENGTH, LONGER.get(second & LENGTH, 0)
        head = 2 + longer
        if len(self._unread) < start + head:
            return None
        if longer:
            length = int.from_bytes(self._unread[start + 2 : start + head])
        return head + length + (MASK_BYTES if second & MASKED else 0)
