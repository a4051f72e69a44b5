"""The turns that run in this process, and the tasks in which all of it is done."""

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from conversations.ids import new_id
from streaming.replies.turn import Turn

logger = logging.getLogger(__name__)


class RunningTurns:
    """Finds turns by their reply and by their conversation. Lives in one event loop."""

    def __init__(self) -> None:
        self._turns: dict[UUID, Turn] = {}
        self._by_conversation: dict[UUID, Turn] = {}
        # Replies whose rows are being stored: they are no leftovers of a process that died.
        self._beginning: set[UUID] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._turns)

    def __iter__(self) -> Iterator[Turn]:
        return iter(list(self._turns.values()))

    def add(self, turn: Turn) -> None:
        self._turns[turn.id] = self._by_conversation[turn.conversation_id] = turn

    def remove(self, turn: Turn) -> None:
        self._turns.pop(turn.id, None)
        if self._by_conversation.get(turn.conversation_id) is turn:
            del self._by_conversation[turn.conversation_id]

    def find(self, reply_id: UUID) -> Turn | None:
        """The turn that writes a reply."""
        return self._turns.get(reply_id)

    def within(self, conversation_id: UUID) -> Turn | None:
        """The turn of a conversation."""
        return self._by_conversation.get(conversation_id)

    def owns(self, reply_id: UUID) -> bool:
        """Whether this process writes a reply, or is about to."""
        return reply_id in self._turns or reply_id in self._beginning

    @asynccontextmanager
    async def new_ids(self) -> AsyncIterator[tuple[UUID, UUID]]:
        """The ids of a question and of its reply, which begins inside."""
        ids = new_id(), new_id()
        self._beginning.add(ids[1])
        try:
            yield ids
        finally:
            self._beginning.discard(ids[1])

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run `work` in a context of its own: a task with the context of a request breaks when the
        request ends."""
        task = asyncio.get_running_loop().create_task(
            work, name=name, context=contextvars.Context()
        )
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        # A failure of `begin` is raised to its caller; any other would be lost.
        if not task.cancelled() and task.get_name() != "begin" and (error := task.exception()):
            logger.error("the task %s failed", task.get_name(), exc_info=error)

    async def idle(self, seconds: float) -> None:
        """Return when no turn begins or runs, or after some seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while busy := [task for task in self._tasks if _is_turn(task)]:
                    await asyncio.wait(busy)


def _is_turn(task: asyncio.Task[Any]) -> bool:
    return task.get_name().startswith(("begin", "turn "))
