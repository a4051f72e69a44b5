"""Passes changes of the record on to sockets and running replies.

These are called in a thread that others need, too (`db_threads`): nothing here waits there for a
reply, a lock or another thread, since each of them may wait for that thread. What has to wait is
a task of the event loop.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextvars import Context
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync

from conversations.notices import Notices
from conversations.threads.models import Conversation, Message
from streaming import hints
from streaming.lifecycle import lifecycle
from streaming.rest import live_text

logger = logging.getLogger(__name__)

_tasks: set[asyncio.Task[None]] = set()


class SocketNotices(Notices):
    """Tells sockets of changes, and stops the reply of a conversation that was deleted."""

    def conversation_changed(
        self, conversation: Conversation, *, deleted: UUID | None = None
    ) -> None:
        async_to_sync(hints.conversation_changed)(conversation, deleted=deleted)

    def conversation_deleted(self, conversation: Conversation) -> None:
        conversation_id = conversation.pk

        async def end() -> None:
            runtime = await lifecycle.start()
            await runtime.turns.end_deleted(conversation_id)
            await hints.conversation_deleted(conversation_id)

        _begin(end)

    def credentials_changed(self, user_id: UUID) -> None:
        hints.credentials_changed_sync(user_id)

    def catch_up(self, messages: Iterable[Message]) -> None:
        live_text.catch_up(messages)


def _begin(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do `work` in the event loop, and return at once."""

    async def begin() -> None:
        # A context of its own: that of the request ends with the request.
        task = asyncio.get_running_loop().create_task(work(), context=Context())
        _tasks.add(task)
        task.add_done_callback(_forget)

    async_to_sync(begin)()


def _forget(task: asyncio.Task[None]) -> None:
    _tasks.discard(task)
    if not task.cancelled() and (error := task.exception()):
        logger.error("the work after a change failed", exc_info=error)
