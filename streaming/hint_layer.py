"""The channel layer of several processes: channels-redis over Redis's pub/sub.

It carries hints (`hints.py`), which may get lost, so a socket has to be served while Redis is
away: then it hears only what it asks for, until it has joined its groups again.
"""

import asyncio
import logging

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer

from streaming.redis_log import PATIENCE

logger = logging.getLogger(__name__)


class HintLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """channels-redis, which starts without Redis and goes on without it."""

    def __init__(self, url: str, prefix: str) -> None:
        # Its reader polls with time limits of its own, which this one does not touch.
        host = {
            "address": url,
            "socket_timeout": PATIENCE,
            "socket_connect_timeout": PATIENCE,
            "health_check_interval": 10,
        }
        super().__init__(hosts=[host], prefix=prefix)

    async def new_channel(self, prefix: str = "specific.") -> str:
        """A name for one socket. Nothing is ever sent to it, only to groups, so Redis does not
        have to know it."""
        layer: RedisPubSubLoopLayer = self._get_layer()
        channel = f"{layer.prefix}{prefix}{id(asyncio.current_task()):x}"
        layer.channels[channel] = asyncio.Queue()
        return channel
