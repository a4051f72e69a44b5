"""The other server processes on this database, as replies see them.

`NoPeers` is the form without any; `cluster.redis_peers` has the form over Redis. Callers use both
the same way, and never ask whether there are others.
"""

import logging
from typing import Protocol
from uuid import UUID, uuid4

from conversations.threads import replies
from conversations.threads.models import Conversation
from streaming.log import MemoryLog, PartialText

logger = logging.getLogger(__name__)


class Owner(Protocol):
    """The replies of this process, as its peers may act on them."""

    def runs(self, reply_id: UUID) -> bool: ...
    def lose(self, reply_id: UUID) -> None: ...
    def advance(self, conversation_id: UUID) -> None: ...
    async def stop_here(self, reply_id: UUID) -> None: ...
    async def recover_tools(self) -> None: ...


class Peers:
    """What this process tells the others, and asks of them. The methods here do what is right
    where there are none.

    `process` is the writer of the replies that are made here. `take_over` says whether clients of
    this process can go to another one while it ends.
    """

    take_over = False

    def __init__(self) -> None:
        self.process = uuid4()

    def start(self, owner: Owner) -> None:
        """Begin to share. Needs a running event loop; `aclose` ends it."""

    async def begin(self, reply_id: UUID) -> None:
        """Announce a reply before its rows are stored. Raises `Unavailable`: it must not begin."""

    def share(self, reply_id: UUID, log: MemoryLog) -> None:
        """Let the others follow a log of this process until they have its end."""

    async def running_in(self, conversation_id: UUID) -> UUID | None:
        """The reply that another process writes in a conversation."""
        return None

    async def log_of(self, reply_id: UUID) -> MemoryLog | None:
        """A copy of the log of another process's reply; `None` when the reply has ended.

        Raises:
            NotFound: there is no such reply.
            Unavailable: it is being written, and this process cannot follow it at the moment.
        """
        return None

    async def so_far(self, reply_id: UUID) -> PartialText | None:
        """The text so far of another process's reply; `None` where only its row has it."""
        return None

    async def stop(self, reply_id: UUID) -> None:
        """Ask the process that writes a reply to stop it."""

    def close_abandoned(self, conversation: Conversation | None = None) -> bool:
        """Close the open replies of one conversation, or all, as interrupted. Call it in a
        database thread, and only where this process writes none of them. `False`, and nothing is
        done, where another process may be writing them."""
        return False

    async def checks(self) -> dict[str, str]:
        """The state of each service that the peers share, for `/readyz`."""
        return {}

    async def aclose(self) -> None:
        """Pass the ends of this process's replies on, for a moment, then stop sharing."""


class NoPeers(Peers):
    """The only server process."""

    def close_abandoned(self, conversation: Conversation | None = None) -> bool:
        # An open reply that this process does not write was left by one that died.
        if count := replies.interrupt_open_replies(conversation=conversation):
            logger.warning("replies interrupted by the last end of the server: %d", count)
        return True
