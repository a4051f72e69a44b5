"""What a GET shows of a reply that is being written: what its followers have been told.

Its row has that only a moment later (`storing`), so it is taken from its log.
"""

from collections.abc import Iterable
from uuid import UUID

from asgiref.sync import async_to_sync

from conversations.threads.models import OPEN, Message
from streaming.lifecycle import lifecycle
from streaming.log import Text


def catch_up(rows: Iterable[Message]) -> None:
    """Give the rows that are open the text of their logs. Those that have ended cost nothing."""
    for row in rows:
        if row.status not in OPEN:
            continue
        text = async_to_sync(_so_far)(row.id)
        if text is None:
            row.refresh_from_db()  # it may have ended since it was read
        elif text.seq > row.seq:
            row.content, row.reasoning, row.seq = text.content, text.reasoning, text.seq


async def _so_far(reply_id: UUID) -> Text | None:
    """What a reply has said; `None` where only its row can tell."""
    turns = await lifecycle.start()
    if turn := turns.find(reply_id):
        return Text.of(turn.log.pieces)
    return await turns.peers.so_far(reply_id)
