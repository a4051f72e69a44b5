"""Whether a person has a page open: a socket, in this process or in another."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Final
from uuid import UUID, uuid4

from channels.layers import get_channel_layer

from streaming import hints
from streaming.background import BackgroundLoop

# A page that is loaded again, or changes from one chat to another, has no socket for a moment: so
# often it is asked, and so long each answer may take, in seconds.
ASKED: Final = 3
ANSWER_S: Final = 1.0

# Open sockets of this process, by user.
sockets_here: "Counter[UUID]" = Counter()


class Presence:
    """Asks the sockets of all processes. It hears from the first question on."""

    def __init__(self) -> None:
        self._group = f"presence.{uuid4().hex}"
        self._channel = ""
        self._waiting: dict[UUID, asyncio.Event] = {}
        self._hears = BackgroundLoop("presence", self._hear, pause=lambda: 0.0)

    async def of(self, user_id: UUID) -> bool:
        """Whether the user has a socket now or in a moment."""
        if not self._channel:
            layer = get_channel_layer()
            self._channel = await layer.new_channel()
            await layer.group_add(self._group, self._channel)
            self._hears.start()
        answered = self._waiting.setdefault(user_id, asyncio.Event())
        try:
            for _ in range(ASKED):
                if sockets_here[user_id]:
                    return True
                await hints.ask_presence(user_id, self._group)
                with suppress(TimeoutError):
                    async with asyncio.timeout(ANSWER_S):
                        await answered.wait()
                if answered.is_set():
                    return True
            return bool(sockets_here[user_id])
        finally:
            self._waiting.pop(user_id, None)

    async def aclose(self) -> None:
        await self._hears.stop()

    async def _hear(self) -> None:
        message = await get_channel_layer().receive(self._channel)
        if answered := self._waiting.get(UUID(message["user"])):
            answered.set()
