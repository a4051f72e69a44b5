"""Closes, every other second, the replies of processes that died.

A reply whose lease has expired is closed as interrupted, with the text that had reached its log.
All processes look, and one closes it: Redis gives the log to one, and the row is closed once.
"""

import asyncio
import logging
import random
from typing import Final
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import DatabaseError

from conversations.threads import message_queue, replies
from conversations.threads.models import Message, Status
from streaming.background import BackgroundLoop
from streaming.cluster.copies import Copies
from streaming.cluster.redis_client import AWAY
from streaming.cluster.redis_log import Append, RedisLogs, pieces
from streaming.db_threads import db_threads
from streaming.events import End
from streaming.log import PartialText
from streaming.peers import Owner
from streaming.replies.row_events import settle

logger = logging.getLogger(__name__)

# Seconds between two looks, about.
LOOK: Final = 2.0
# How long a lease has to be missing, at every look, until its reply is closed, in seconds. After
# an outage of Redis all leases are missing at once, and living processes renew theirs within a
# second: without the grace their replies would be closed under them.
GRACE: Final = 3.0


class Reaper:
    """The looks of one process."""

    def __init__(self, logs: RedisLogs, copies: Copies, owner: Owner) -> None:
        self._logs, self._copies, self._owner = logs, copies, owner
        self._missing: dict[UUID, float] = {}  # since when a lease has been missing
        self._ended: set[UUID] = set()  # copies whose replies had ended at the last look
        self.loop = BackgroundLoop(
            "reaper",
            self._look,
            # At random, so that the processes do not all ask the database at the same moment.
            pause=lambda: LOOK * random.uniform(0.8, 1.2),  # noqa: S311
            outage=(DatabaseError, *AWAY),
            # What was missing may have been renewed since the last look.
            on_outage=lambda: self._missing.clear(),
            retry=LOOK,
        )

    async def _look(self) -> None:
        async with db_threads.borrow():
            rows: list[Message] = await database_sync_to_async(replies.open_replies)()
            for row in rows:
                if row.status == Status.STOPPING:
                    # The stop was asked for while Redis was away (`RedisPeers.stop`).
                    await self._owner.stop_here(row.id)
            await self._settle_copies({row.id for row in rows})
            busy = {row.conversation_id for row in rows}
            for conversation_id in await database_sync_to_async(
                message_queue.waiting_conversations
            )():
                if conversation_id not in busy:
                    # The process that should have begun the next message died between the two.
                    self._owner.advance(conversation_id)
            await self._owner.recover_tools()
            await self._close_abandoned([row for row in rows if not self._owner.runs(row.id)])

    async def _settle_copies(self, open_ids: set[UUID]) -> None:
        """End the copies whose replies had ended at the last look already, and whose end has not
        come through Redis since: it was lost there."""
        ended = {reply_id for reply_id in self._copies.open_ids() if reply_id not in open_ids}
        overdue, self._ended = ended & self._ended, ended
        if overdue:
            for row in await database_sync_to_async(replies.closed)(reply_ids=overdue):
                if (log := self._copies.get(row.id)) is not None:
                    settle(log, row)

    async def _close_abandoned(self, rows: list[Message]) -> None:
        alive = await self._logs.alive([row.id for row in rows]) if rows else []
        now = asyncio.get_running_loop().time()
        gone = [row for row, lives in zip(rows, alive, strict=True) if not lives]
        self._missing = {row.id: self._missing.get(row.id, now) for row in gone}
        for row in gone:
            if now - self._missing[row.id] >= GRACE and await self._logs.seize(row.id):
                await self._close(row)

    async def _close(self, row: Message) -> None:
        """Close a reply, whose log is ours now, as interrupted, and let its followers know."""
        text = PartialText.of(pieces(await self._logs.read(row.id)))
        closed: Message | None = await database_sync_to_async(replies.interrupt)(
            reply_id=row.id,
            writer=row.writer,
            seq=text.seq,
            content=text.content,
            reasoning=text.reasoning,
        )
        if closed is None:
            return  # its writer closed it at the last moment
        logger.warning("turn %s was interrupted: its process is gone", row.id)
        number = closed.seq + 1
        await self._logs.append([Append(row.id, number, end=(number, End.from_row(closed)))])
        self._owner.advance(row.conversation_id)
