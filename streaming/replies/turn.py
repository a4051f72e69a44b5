"""One running reply of this process."""

import asyncio
from uuid import UUID

from conversations.threads.selectors import OpenedTurn
from streaming.limits import Permit
from streaming.log import MemoryLog
from streaming.replies.prompt import Plan
from streaming.replies.result import Result
from streaming.replies.row_events import snapshot_of, user_event

# A turn that another process has taken is cut as this; no row has it for its status.
LOST = "lost"


class Turn:
    """A reply that is being written, or has just ended: then `log.end` is set."""

    def __init__(self, opened: OpenedTurn, plan: Plan, permit: Permit) -> None:
        self.id: UUID = opened.reply.id
        self.writer = opened.reply.writer
        self.conversation_id: UUID = opened.conversation.id
        self.owner_id: UUID = opened.conversation.user_id
        self.plan = plan
        self.permit = permit
        self.log = MemoryLog(snapshot_of(opened.reply), user_event(opened.user_message))
        self.result = Result.of(plan)
        self.producer: asyncio.Task[None] | None = None
        # Of the log's text, as many characters are in its row, since when.
        self.saved_size, self.saved_at = 0, 0.0
        self.cut_as: str | None = None
        # Whether messages waited behind the reply when its row was closed, as far as is known, and
        # whether somebody has asked since it began to begin what waits.
        self.followed = True
        self.asked_to_advance = False

    def cut(self, status: str) -> None:
        """End the reply early as `stopped` or `interrupted`. The first call decides, except that
        `LOST` overrides the others: then nothing more is written or told."""
        if (self.cut_as is None or status == LOST) and self.log.end is None:
            self.cut_as = status
            if self.producer is not None:
                self.producer.cancel()
