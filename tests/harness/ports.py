"""Ports that nobody else is given."""

import fcntl
import itertools
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# Below the range from which systems take ports for outgoing connections, so that a port which
# is free for a moment (between two servers on it) stays free.
_FIRST, _END = 20_000, 32_000
# Each process of tests has so many for itself, for as long as it lives: a port that it has given
# to a server may be free for a moment, and another process must not take it then.
_SHARE = 400


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens; the next call gives another."""
    for port in itertools.islice(_ports(), _SHARE):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


@cache
def _ports() -> Iterator[int]:
    """The ports of this process, round and round."""
    first = _reserve()
    return itertools.cycle(range(first, first + _SHARE))


@cache
def _reserve() -> int:
    """Take a share that no other process has, and give its first port."""
    folder = Path(tempfile.gettempdir()) / f"chat-playground-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    shares = list(range(_FIRST, _END, _SHARE))
    random.shuffle(shares)
    for first in shares:
        descriptor = os.open(folder / str(first), os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        return first  # the descriptor stays open, and with it the lock, until the process ends
    raise RuntimeError("every port is taken by other tests")
