"""The text that a GET shows of a running reply: that of its log.

The row of the reply gets the text a moment later (`replies/making.py`).
"""

from collections.abc import Iterable
from uuid import UUID

from asgiref.sync import async_to_sync

from conversations.threads.models import OPEN, Message
from streaming.lifecycle import lifecycle
from streaming.log import PartialText


def catch_up(rows: Iterable[Message]) -> None:
    """Give the rows of running replies the text of their logs."""
    for row in rows:
        if row.status not in OPEN:
            continue
        text = async_to_sync(_so_far)(row.id)
        if text is None:
            row.refresh_from_db()  # it may have ended since it was read
        elif text.seq > row.seq:
            row.content, row.reasoning, row.seq = text.content, text.reasoning, text.seq


async def _so_far(reply_id: UUID) -> PartialText | None:
    """The text of a running reply; `None` where only its row has it."""
    # Whoever asks holds a thread that the start may need.
    runtime = lifecycle.runtime
    if runtime is None:
        return None
    if turn := runtime.turns.find(reply_id):
        log = turn.log
        return PartialText(log.text("content"), log.text("reasoning"), log.seq)
    return await runtime.peers.so_far(reply_id)
