"""The channel layer of several processes: hints (`hints.py`) over Redis's pub/sub.

Hints may get lost, so sockets are served while Redis is away, and none waits for it: a group is
known in its process alone, and each process has one subscription for the hints of all groups. When
the subscription begins, and when it was broken, every socket gets `hint.missed`, and looks for what
it may have missed.
"""

from typing import Any, Final

import orjson
from channels.layers import InMemoryChannelLayer

from streaming.background import BackgroundLoop
from streaming.cluster.redis_client import AWAY, connect

# How soon the subscription is tried again, in seconds.
RETRY: Final = 1.0


class HintLayer(InMemoryChannelLayer):  # type: ignore[misc]
    """The layer of one process, whose groups hear what is sent to them in any process. Lives in
    one event loop."""

    def __init__(self, url: str, prefix: str) -> None:
        super().__init__()
        self._redis = connect(url, connections=1)  # hints may wait for one another
        self._subscriber = connect(url, blocking=True)
        self._topic = f"{prefix}everything"
        self._listening = BackgroundLoop(
            "hints",
            self._listen,
            pause=lambda: 0.0,  # it waits itself
            outage=AWAY,
            retry=RETRY,
        )

    async def new_channel(self, prefix: str = "specific.") -> str:
        self._listening.start()
        name: str = await super().new_channel(prefix)
        return name

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._redis.publish(self._topic, orjson.dumps([group, message]))

    async def group_discard(self, group: str, channel: str) -> None:
        await super().group_discard(group, channel)
        self.channels.pop(channel, None)  # of a socket that ended; nobody fetches what is left

    async def close(self) -> None:
        """Stop listening, and close the connections."""
        await self._listening.stop()
        await self._redis.aclose()
        await self._subscriber.aclose()

    async def _listen(self) -> None:
        async with self._subscriber.pubsub() as subscription:
            await subscription.subscribe(self._topic)
            async for message in subscription.listen():
                if message["type"] == "subscribe":  # also when the library has connected again
                    for group in list(self.groups):
                        await super().group_send(group, {"type": "hint.missed"})
                else:
                    await super().group_send(*orjson.loads(message["data"]))

    def _clean_expired(self) -> None:
        """Nothing: the library would go through all sockets at each hint, for hints that nobody
        fetches."""
