"""The channel layer of a server that is alone: hints stay in its memory."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from channels.exceptions import ChannelFull
from channels.layers import InMemoryChannelLayer

from streaming.small_queue import SmallQueue

# Seconds between two looks for what is out of date.
LOOK_SECONDS = 10.0


class MemoryLayer(InMemoryChannelLayer):  # type: ignore[misc] # it has no types
    """Channels' own, which looks through all sockets with every message that it sends and takes:
    a turn would cost more the more pages are open. Here it looks now and then. It adds to a queue
    in a task for each page; here no task is needed. And its queues are small: every open page has
    one. Messages are flat: nobody can change what another has been sent."""

    _next_look = 0.0

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Add a message. Raises `ChannelFull`."""
        self.require_valid_channel_name(channel)
        try:
            self._queue(channel).put_nowait((time.time() + self.expiry, {**message}))
        except asyncio.QueueFull:
            raise ChannelFull(channel) from None

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Add a message for every channel of a group that has room."""
        self.require_valid_group_name(group)
        self._clean_expired()
        for channel in [*self.groups.get(group, ())]:
            with suppress(ChannelFull):
                await self.send(channel, message)

    async def receive(self, channel: str) -> dict[str, Any]:
        """Take the first message, when there is one."""
        self.require_valid_channel_name(channel)
        self._clean_expired()
        queue = self._queue(channel)
        try:
            _, message = await queue.get()
        finally:
            if queue.empty():
                self.channels.pop(channel, None)
        return message

    def _queue(self, channel: str) -> SmallQueue[tuple[float, dict[str, Any]]]:
        queue: SmallQueue[tuple[float, dict[str, Any]]] | None = self.channels.get(channel)
        if queue is None:
            queue = self.channels[channel] = SmallQueue(self.get_capacity(channel))
        return queue

    def _clean_expired(self) -> None:
        if (now := time.monotonic()) >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            super()._clean_expired()
