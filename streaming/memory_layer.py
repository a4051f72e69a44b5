"""The channel layer of a server that is alone: hints stay in its memory."""

import time

from channels.layers import InMemoryChannelLayer

# Seconds between two looks for what is out of date.
LOOK_SECONDS = 10.0


class MemoryLayer(InMemoryChannelLayer):  # type: ignore[misc] # it has no types
    """Channels' own, which looks through all sockets with every message that it sends and takes:
    a turn would cost more the more pages are open. Here it looks now and then."""

    _next_look = 0.0

    def _clean_expired(self) -> None:
        if (now := time.monotonic()) >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            super()._clean_expired()
