"""The channel layer of several processes: channels-redis over Redis's pub/sub.

It carries hints (`hints.py`), which may get lost, so sockets are served while Redis is away, and
none waits for it: a group is known in its process alone, and each process has one subscription for
the hints of all groups. When the subscription begins, and when it was broken, every socket gets
`hint.missed`, and looks for what it may have missed.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final
from uuid import uuid4

from channels_redis.pubsub import (
    RedisPubSubChannelLayer,
    RedisPubSubLoopLayer,
    RedisSingleShardConnection,
)
from redis import exceptions

from streaming.background import BackgroundLoop
from streaming.cluster.redis_client import AWAY, PATIENCE, mend
from streaming.small_queue import SmallQueue

# Waits until the subscription is tried again, in seconds.
RETRY: Final = 1.0
# How long one read waits for a hint, in seconds; when it ends without an error, Redis is there.
READ: Final = 1.0


class _HintShard(RedisSingleShardConnection):  # type: ignore[misc]
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
        """None: the library's own ends at the first timeout, and does not report an outage."""

    async def read(self, *, missed: bool) -> None:
        """Wait a moment for a hint, and hand it over. With `missed` every socket is told first that
        it may have missed some; an answer from Redis shows that the subscription stands now."""
        message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=READ)
        if missed:
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
        self._redis = _HintShard(self._shards[0].host, self)  # type: ignore[has-type]
        self._shards = [self._redis]
        self._everything = f"{self.prefix}everything"
        self._subscribed, self._missed = False, True
        self.listening = BackgroundLoop(
            "hints",
            self._listen,
            pause=lambda: 0.0,  # a read waits itself
            outage=AWAY,
            on_outage=self._note_outage,
            retry=RETRY,
        )

    async def new_channel(self, prefix: str = "specific.") -> str:
        channel = f"{self.prefix}{prefix}{uuid4().hex}"
        self.channels[channel] = SmallQueue()
        self.listening.start()
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

    def _note_outage(self) -> None:
        self._missed = True

    async def _listen(self) -> None:
        if not self._subscribed:
            await self._redis.subscribe(self._everything)
            self._subscribed = True  # the library does so again when the connection was lost
        await self._redis.read(missed=self._missed)
        self._missed = False


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
