"""The channel layer of several processes: channels-redis over Redis's pub/sub.

It carries hints (`hints.py`), which may get lost, so sockets are served while Redis is away, and
none of them waits for it: groups are known in their process alone, and one subscription of each
process hears what is told to any group. When that begins, and when it was broken, every socket is
told to look after what it may have missed.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Final
from uuid import uuid4

from channels_redis.pubsub import (
    RedisPubSubChannelLayer,
    RedisPubSubLoopLayer,
    RedisSingleShardConnection,
)
from redis import exceptions

from streaming.background import keep_going
from streaming.cluster.redis_client import AWAY, PATIENCE, mend

logger = logging.getLogger(__name__)

# Waits until the subscription is tried again, in seconds.
RETRY: Final = 1.0
# How long one look for hints lasts, in seconds; when it ends without an error, Redis is there.
LOOK: Final = 1.0


class _Connection(RedisSingleShardConnection):  # type: ignore[misc]
    """Hands what was told to a group to its sockets here."""

    async def publish(self, channel: str, message: bytes) -> None:
        try:
            await super().publish(channel, message)
        except exceptions.ConnectionError:  # of one that Redis has closed since the last hint
            await super().publish(channel, message)

    def _ensure_redis(self) -> None:
        if self._redis is None:
            super()._ensure_redis()
            made: Any = self._redis
            mend(made.connection_pool)

    def _ensure_receiver(self) -> None:
        """None: the library's own ends at a time limit that runs out, and tells of no break."""

    async def receive(self) -> None:
        """Hand over what comes, once subscribed, until cancelled."""
        broken = True  # what was told before that went by
        while True:
            try:
                message = await self._pubsub.get_message(
                    ignore_subscribe_messages=True, timeout=LOOK
                )
            except AWAY as error:
                if not broken:
                    logger.warning("no hints from others (%s)", type(error).__name__)
                broken = True
                await asyncio.sleep(RETRY)
                continue
            if broken:
                broken = False
                self._hand(self.channel_layer.channels, {"type": "hint.missed"})
            if message is not None:
                group, hint = self.channel_layer.channel_layer.deserialize(message["data"])
                self._hand(self.channel_layer.groups.get(group, ()), hint)

    def _hand(self, channels: Iterable[str], hint: dict[str, Any]) -> None:
        layer: _Loop = self.channel_layer
        for channel in channels:
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
            self._listening = keep_going(self._listen, "hints")
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
                break
            except AWAY as error:
                logger.warning("no hints from others yet (%s)", type(error).__name__)
            await asyncio.sleep(RETRY)
        await self._redis.receive()


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
