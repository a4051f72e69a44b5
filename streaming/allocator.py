"""Memory: what is given back to the system, and what is never looked at again.

glibc keeps what was freed: each thread has a heap of its own, which only grows, and the first large
block that is freed raises the size up to which blocks are kept. A server that once read large
bodies would hold twice its memory for ever. Elsewhere (musl, macOS) nothing is done.
"""

import ctypes
import gc
import mmap
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from streaming.background import BackgroundLoop
from streaming.heavy_work import beside_the_loop

# Names of glibc's `mallopt`.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8

# Blocks of this size are given back when they are freed. The buffers into which an event loop reads
# (256 KiB) are smaller: to map each anew would cost more than the reading.
LARGE: Final = 1024 * 1024
# Seconds between two looks, and how much the process has grown by when holes are given back.
PAUSE: Final = 20.0
GROWN: Final = 8 * 1024 * 1024

# After so many collections of what is younger, everything is looked at.
FULL_AFTER: Final = 3

# A library that is loaded with its first use (the SDK of tools, the description of the API) adds a
# hundred modules and 40,000 objects, which are kept, too. What sockets hold then is never found
# when it becomes garbage: so this waits until few are open.
NEW_MODULES: Final = 20
FEW: Final = 100

_STATM = Path("/proc/self/statm")
_PAGE = mmap.PAGESIZE


def _libc() -> Any:
    """The C library, if it is glibc."""
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


def give_back() -> None:
    """Use one heap for all threads, and keep no large block. Call it before threads begin."""
    if (libc := _libc()) is not None:
        # The interpreter lets one thread run at a time, so more heaps would save nothing.
        for name, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, LARGE), (_TRIM_THRESHOLD, LARGE)):
            libc.mallopt(name, value)


def keep() -> None:
    """Leave what exists now out of every later garbage collection. There are some 200,000 objects
    after a start, and to look at them all stops every thread for a tenth of a second. Collect what
    comes later more often than Python would: then there is less of it each time."""
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, FULL_AFTER)


class Trimmer:
    """Now and then: gives back the holes between what is in use, when the process has grown, and
    keeps the code that was loaded since, while few sockets are open (`open_sockets` counts them).
    """

    def __init__(self, open_sockets: Callable[[], int] = lambda: 0) -> None:
        self._libc: Any = _libc() if _STATM.exists() else None
        self._open_sockets = open_sockets
        self._size = 0
        self._modules = len(sys.modules)
        self._loop = BackgroundLoop("trim", self._step, pause=lambda: PAUSE)

    def start(self) -> None:
        """Needs a running event loop."""
        self._loop.start()

    async def aclose(self) -> None:
        await self._loop.stop()

    async def _step(self) -> None:
        if len(sys.modules) >= self._modules + NEW_MODULES and self._open_sockets() <= FEW:
            self._modules = len(sys.modules)
            await beside_the_loop(_keep_all)
        if self._libc is not None and _resident() > self._size + GROWN:
            await beside_the_loop(lambda: self._libc.malloc_trim(0))
            self._size = _resident()


def _keep_all() -> None:
    """What is garbage now could not be collected later."""
    gc.collect()
    gc.freeze()


def _resident() -> int:
    """Resident memory of this process, in bytes."""
    return int(_STATM.read_text().split()[1]) * _PAGE
