"""The other processes on this database, over Redis: who writes which reply, and what it says.

The log of a reply goes through Redis (`redis_log`): `Mirror` writes ours, `Copies` reads those of
others. The `Reaper` closes the replies of processes that died. The database decides which of two
turns in a conversation there is, and how a reply ended.
"""

import asyncio
from contextlib import suppress
from uuid import UUID

from channels.db import database_sync_to_async

from conversations.threads import replies, selectors
from conversations.threads.models import OPEN
from streaming.background import BackgroundLoop
from streaming.cluster.copies import Copies
from streaming.cluster.mirror import Mirror
from streaming.cluster.reaper import Reaper
from streaming.cluster.redis_client import AWAY, ServiceAway
from streaming.cluster.redis_log import RedisLogs, pieces
from streaming.db_threads import db_threads
from streaming.log import MemoryLog, PartialText
from streaming.peers import Owner, Peers
from streaming.replies.row_events import snapshot_of, user_event

# How long the end of the process waits until Redis has the ends of all replies, in seconds.
FLUSH_PATIENCE = 3.0


class RedisPeers(Peers):
    """`Peers` of several processes that share a Redis. What a process that died left open is closed
    by the `Reaper` of some process when its lease is over, never by `close_abandoned`."""

    take_over = True

    def __init__(self, url: str) -> None:
        super().__init__()
        self.logs = RedisLogs(url, self.process)
        self._url = url
        self._copies: Copies
        self._mirror: Mirror
        self._loops: tuple[BackgroundLoop, ...] = ()

    def start(self, owner: Owner) -> None:
        """As `Peers.start`."""
        self._mirror = Mirror(self.logs, owner, self._still_ours)
        self._copies = Copies(self.logs, self._url, owner.stop_here)
        reaper = Reaper(self.logs, self._copies, owner)
        self._loops = (self._mirror.loop, self._copies.loop, reaper.loop)
        for loop in self._loops:
            loop.start()

    async def begin(self, reply_id: UUID) -> None:
        """As `Peers.begin`: makes the log. Without Redis no reply begins, since another process
        could take a reply without a lease for one whose process died."""
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
        """As `Peers.log_of`."""
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

    async def so_far(self, reply_id: UUID) -> PartialText | None:
        """As `Peers.so_far`: what Redis has; `None` after the end, and when Redis is away."""
        if self._copies.away:
            return None
        try:
            entries = await self.logs.read(reply_id)
        except AWAY:
            return None
        ended = any(entry.end is not None for entry in entries)
        return None if ended else PartialText.of(pieces(entries))

    async def stop(self, reply_id: UUID) -> None:
        """As `Peers.stop`. While Redis is away the row says it, which every `Reaper` reads."""
        try:
            await self.logs.stop(reply_id)
        except AWAY:
            async with db_threads.borrow():
                await database_sync_to_async(replies.mark_stopping)(reply_id=reply_id)

    async def checks(self) -> dict[str, str]:
        """Whether Redis answers."""
        try:
            await self.logs.ping()
        except AWAY:
            return {"redis": "unreachable"}
        return {"redis": "ok"}

    async def aclose(self) -> None:
        """As `Peers.aclose`."""
        if self._loops:
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_PATIENCE):
                    await self._mirror.flushed()
            for loop in self._loops:
                await loop.stop()
            await self._copies.aclose()
        await self.logs.aclose()

    async def _still_ours(self, reply_id: UUID) -> bool:
        async with db_threads.borrow():
            ours: bool = await database_sync_to_async(replies.is_written_by)(
                reply_id=reply_id, writer=self.process
            )
            return ours
