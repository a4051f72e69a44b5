"""The other processes on this database: what they and we know of each other's replies.

What is told of a reply goes through Redis (`redis_log`): out of here by the `Mirror`, in by
`Copies`. Who died is found out by the `Reaper`. The database decides: which of two turns in a
conversation there is, and how a reply ended.
"""

import asyncio
from contextlib import suppress
from uuid import UUID, uuid4

from channels.db import database_sync_to_async

from conversations.threads import replies, selectors
from conversations.threads.models import OPEN, Conversation
from streaming.background import keep_going
from streaming.cluster.copies import Copies
from streaming.cluster.mirror import Mirror
from streaming.cluster.reaper import Reaper
from streaming.cluster.redis_client import AWAY, ServiceAway
from streaming.cluster.redis_log import RedisLogs, pieces
from streaming.db_threads import db_threads
from streaming.log import MemoryLog, Text
from streaming.peers import Owner
from streaming.replies.row_events import snapshot_of, user_event

# How long the end waits until Redis has the ends of all replies, in seconds.
FLUSH_PATIENCE = 3.0


class RedisPeers:
    """`Peers` of several processes that share a Redis."""

    take_over = True

    def __init__(self, url: str) -> None:
        self.process = uuid4()
        self.logs = RedisLogs(url, self.process)
        self._url = url
        self._tasks: list[asyncio.Task[None]] = []
        self._mirror: Mirror
        self._copies: Copies

    def start(self, owner: Owner) -> None:
        """Begin to share what `owner` makes, and to hear of what others make."""
        self._mirror = Mirror(self.logs, owner, self._still_ours)
        self._copies = Copies(self.logs, self._url, owner.stop_here)
        reaper = Reaper(self.logs, self._copies, owner)
        for name, work in (
            ("mirror", self._mirror.run),
            ("copies", self._copies.run),
            ("reaper", reaper.run),
        ):
            self._tasks.append(keep_going(work, name))

    async def begin(self, reply_id: UUID) -> None:
        """Make the log of a reply to come. Raises `Unavailable`: without Redis none begins."""
        try:
            await self.logs.begin(reply_id)
        except AWAY:
            raise ServiceAway from None

    def share(self, reply_id: UUID, log: MemoryLog) -> None:
        """As `Peers.share`."""
        self._mirror.add(reply_id, log)

    async def running_in(self, conversation_id: UUID) -> UUID | None:
        """As `Peers.running_in`, as the database has it."""
        reply_id: UUID | None = await database_sync_to_async(replies.running_in)(
            conversation_id=conversation_id
        )
        return reply_id

    async def log_of(self, reply_id: UUID) -> MemoryLog | None:
        """A copy of the log of another's reply; `None` when the reply has ended.

        Raises:
            NotFound: there is no such reply.
            Unavailable: it is being written, and Redis is away.
        """
        log = await self._copy_of(reply_id)
        await self._copies.arrived(reply_id)
        return log

    async def _copy_of(self, reply_id: UUID) -> MemoryLog | None:
        if log := self._copies.get(reply_id):
            return log
        opened = await database_sync_to_async(selectors.opened_turn)(reply_id=reply_id)
        if opened.reply.status not in OPEN:
            return None
        if self._copies.away:
            raise ServiceAway
        if log := self._copies.get(reply_id):
            return log
        log = MemoryLog(snapshot_of(opened.reply), user_event(opened.user_message))
        try:
            await self._copies.add(reply_id, log)
        except AWAY:
            raise ServiceAway from None
        return log

    async def so_far(self, reply_id: UUID) -> Text | None:
        """What Redis has of another's reply that is being written; `None` when that has its end,
        or Redis is away."""
        if self._copies.away:
            return None
        try:
            entries = await self.logs.read(reply_id)
        except AWAY:
            return None
        ended = any(entry.end is not None for entry in entries)
        return None if ended else Text.of(pieces(entries))

    async def stop(self, reply_id: UUID) -> None:
        """Ask whoever writes a reply to end it. While Redis is away, its row tells them."""
        try:
            await self.logs.stop(reply_id)
        except AWAY:
            async with db_threads.borrow():
                await database_sync_to_async(replies.mark_stopping)(reply_id=reply_id)

    def close_abandoned(self, conversation: Conversation | None = None) -> bool:
        """Nothing: the `Reaper` of some process closes a reply when its lease is over."""
        return False

    async def checks(self) -> dict[str, str]:
        """Whether Redis answers."""
        try:
            await self.logs.ping()
        except AWAY:
            return {"redis": "unreachable"}
        return {"redis": "ok"}

    async def aclose(self) -> None:
        """Let Redis have the ends of our replies, for a moment, then let go of everything."""
        if self._tasks:
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_PATIENCE):
                    await self._mirror.flushed()
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)
            await self._copies.aclose()
        await self.logs.aclose()

    async def _still_ours(self, reply_id: UUID) -> bool:
        async with db_threads.borrow():
            ours: bool = await database_sync_to_async(replies.is_written_by)(
                reply_id=reply_id, writer=self.process
            )
            return ours
