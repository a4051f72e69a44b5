"""Ports that nobody else is given."""

import random
import socket

# Below the range from which systems take ports for outgoing connections, so that a port which
# is free for a moment (between two servers on it) stays free.
_FIRST, _LAST = 20_000, 31_999


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    for _ in range(200):
        port = random.randint(_FIRST, _LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")
