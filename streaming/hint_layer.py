"""The channel layer of several processes: channels-redis over Redis's pub/sub.

It carries hints (`hints.py`), which may get lost, so sockets are served while Redis is away, and
none of them waits for it: groups are known in their process alone, and one subscription of each
process hears what is told to any group.
"""

import asyncio
import logging
from contextvars import Context
from typing import Any, Final
from uuid import uuid4

from channels_redis.pubsub import (
    RedisPubSubChannelLayer,
    RedisPubSubLoopLayer,
    RedisSingleShardConnection,
)

from streaming.redis_log import AWAY, PATIENCE

logger = logging.getLogger(__name__)

# Waits until the subscription is tried again, in seconds.
RETRY: Final = 1.0


class _Connection(RedisSingleShardConnection):  # type: ignore[misc]
    """Hands what was told to a group to its sockets here."""

    def _receive_message(self, message: dict[str, Any] | None) -> None:
        if message is not None:
            layer: _Loop = self.channel_layer
            group, hint = layer.channel_layer.deserialize(message["data"])
            for channel in layer.groups.get(group, ()):
                if channel in layer.channels:
                    layer.channels[channel].put_nowait(layer.channel_layer.serialize(hint))


class _Loop(RedisPubSubLoopLayer):  # type: ignore[misc]
    """The layer in one event loop."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._redis = _Connection(self._shards[0].host, self)  # type: ignore[has-type]
        self._shards = [self._redis]
        self._everything = f"{self.prefix}everything"
        self._listening: asyncio.Task[None] | None = None

    async def new_channel(self, prefix: str = "specific.") -> str:
        channel = f"{self.prefix}{prefix}{uuid4().hex}"
        self.channels[channel] = asyncio.Queue()
        if self._listening is None:
            work = self._listen()
            self._listening = asyncio.get_running_loop().create_task(work, context=Context())
        return channel

    async def group_add(self, group: str, channel: str) -> None:
        self.groups.setdefault(group, set()).add(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        members = self.groups.get(group, set())
        members.discard(channel)
        if not members:
            self.groups.pop(group, None)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        data = self.channel_layer.serialize([group, message])
        await self._redis.publish(self._everything, data)

    async def _listen(self) -> None:
        """Subscribe, as soon as Redis is there; the library does so again when it comes back."""
        while True:
            try:
                await self._redis.subscribe(self._everything)
                return
            except AWAY as error:
                logger.warning("no hints from others yet (%s)", type(error).__name__)
            await asyncio.sleep(RETRY)


class HintLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """channels-redis, which starts without Redis and goes on without it."""

    def __init__(self, url: str, prefix: str) -> None:
        # Its reader polls with time limits of its own, which these do not touch.
        limits = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
        super().__init__(hosts=[{"address": url, **limits}], prefix=prefix)

    def _get_layer(self) -> _Loop:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            self._layers[loop] = _Loop(channel_layer=self, **self._kwargs)
        layer: _Loop = self._layers[loop]
        return layer
