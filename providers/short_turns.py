"""Shorter turns for threads while one of them has much to do.

One thread of a process computes at a time. One that waits for its turn, such as the event loop
after each call to the kernel, or a query after the answer of the database, lets another one go on
for Python's five milliseconds, and a few of them are a wait that people notice. Short turns are not
free, so they are for such times only.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

# Seconds of a turn: where the event loop has much to do, and where another thread has.
OF_THE_LOOP: Final = 0.001
OF_A_THREAD: Final = 0.0005

_usual: Final = sys.getswitchinterval()
_wanted: list[float] = []
_lock = Lock()


@contextmanager
def short_turns(seconds: float) -> Iterator[None]:
    """Inside the block no turn is longer. The shortest of several holds."""
    with _lock:
        _wanted.append(seconds)
        sys.setswitchinterval(min(_wanted))
    try:
        yield
    finally:
        with _lock:
            _wanted.remove(seconds)
            sys.setswitchinterval(min(_wanted, default=_usual))
