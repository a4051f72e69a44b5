"""What one socket hears of replies: each from its snapshot to its end, one after the other."""

import asyncio
from collections import deque
from contextlib import aclosing, suppress
from uuid import UUID

from conversations.errors import NotFound, Unavailable
from streaming.follow import Follower
from streaming.log import LogLost
from streaming.socket_writer import SocketWriter
from streaming.turn import events_of_ended
from streaming.turns import Turns

# Replies that a socket remembers having followed, so that a late hint does not repeat one.
REMEMBERED = 64


class Pump:
    """Follows replies at the reader's pace. Nothing is kept for a reader that is slow but the
    ids of replies it has yet to hear of."""

    def __init__(self, turns: Turns, out: SocketWriter) -> None:
        self._turns, self._out = turns, out
        self._ids: asyncio.Queue[UUID] = asyncio.Queue()
        self._follower: Follower | None = None
        self._followed: deque[UUID] = deque(maxlen=REMEMBERED)

    def follow_once(self, reply_id: UUID) -> None:
        """Follow a reply, unless this socket does or did."""
        if reply_id not in self._followed:
            self._followed.append(reply_id)
            self._ids.put_nowait(reply_id)

    async def tell_again(self, reply_id: UUID) -> None:
        """A fresh snapshot of a reply, or all of it when it has ended. Raises `NotFound`."""
        if self._follower is not None and self._follower.id == str(reply_id):
            self._follower.restart()
        else:
            await self.tell(reply_id)

    async def tell(self, reply_id: UUID) -> None:
        """Follow a reply that is being written, or tell all of one that has ended. Raises
        `NotFound`, and `Unavailable` when its process cannot be heard."""
        if await self._turns.log_of(reply_id) is not None:
            self.follow_once(reply_id)
        else:
            await self.tell_ended(reply_id)

    async def tell_ended(self, reply_id: UUID) -> None:
        """All of a reply that has ended. Raises `NotFound`."""
        for event in events_of_ended(await self._turns.result(reply_id)):
            await self._out.tell(event)

    async def run(self) -> None:
        """Send what the followed replies say, until cancelled."""
        while True:
            reply_id = await self._ids.get()
            try:
                await self._tell_all(reply_id)
            except (LogLost, Unavailable):
                # The client comes back, here or elsewhere, and begins with a fresh snapshot.
                await self._out.send_away()
            self._ids.task_done()

    async def _tell_all(self, reply_id: UUID) -> None:
        with suppress(NotFound):
            if (log := await self._turns.log_of(reply_id)) is not None:
                await self._send_all(Follower(log))
            else:
                await self.tell_ended(reply_id)

    async def told(self) -> None:
        """Return when nothing is left to send."""
        await self._ids.join()

    async def _send_all(self, follower: Follower) -> None:
        self._follower = follower
        try:
            async with aclosing(follower.events()) as followed:
                async for event in followed:
                    await self._out.tell(event)
        finally:
            self._follower = None
