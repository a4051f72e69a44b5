"""The message queue: messages behind a running reply, and their turns in order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async

from conversations.errors import (
    ConversationBusy,
    NotFound,
    TooManyAtOnce,
    TooManyRequests,
    Unavailable,
)
from conversations.people.models import User
from conversations.threads import access
from conversations.threads import message_queue as queue
from conversations.threads.models import QueuedMessage
from streaming import hints
from streaming.caller import Caller
from streaming.db_threads import db_threads
from streaming.errors import describe
from streaming.log import timestamp
from streaming.replies.commands import TurnRequest
from streaming.replies.row_events import attachments_of

Begin = Callable[[Caller, UUID, TurnRequest], Awaitable[tuple[UUID | None, bool]]]


class Held:
    """Conversations whose next message waits for a permit of its author: `advance` is called for
    each when there may be one."""

    def __init__(self, advance: Callable[[UUID], None]) -> None:
        self._advance = advance
        self._timers: dict[UUID, dict[UUID, asyncio.TimerHandle]] = {}

    def hold(self, user_id: UUID, conversation_id: UUID, seconds: float) -> None:
        """Try again after `seconds`, or when the user has a permit again."""
        timers = self._timers.setdefault(user_id, {})
        if (before := timers.pop(conversation_id, None)) is not None:
            before.cancel()
        loop = asyncio.get_running_loop()
        timers[conversation_id] = loop.call_later(seconds, self._try, user_id, conversation_id)

    def place_free(self, user_id: UUID) -> None:
        """Try the messages that wait: one of the user's replies has ended."""
        for conversation_id in list(self._timers.get(user_id, ())):
            self._try(user_id, conversation_id)

    def _try(self, user_id: UUID, conversation_id: UUID) -> None:
        timers = self._timers[user_id]
        timers.pop(conversation_id).cancel()
        if not timers:
            del self._timers[user_id]
        self._advance(conversation_id)


async def put(caller: Caller, conversation_id: UUID, request: TurnRequest) -> None:
    """Add a message to the queue. Raises as `queue.add` does."""
    await database_sync_to_async(_put)(caller, conversation_id, request)
    await hints.queue_changed(conversation_id)


def _put(caller: Caller, conversation_id: UUID, request: TurnRequest) -> None:
    conversation = access.conversation(caller.user, conversation_id)
    queue.add(
        conversation=conversation,
        author=caller.user,
        client_id=request.client_id,
        content=request.content or "",
        parameters=request.parameters,
        attachments=request.attachments,
        key=caller.key,
        door=caller.door,
    )


async def take_back(user: User, conversation_id: UUID, client_id: UUID) -> None:
    """Remove a message from the queue. Raises `NotFound` when it is not there."""

    def remove() -> None:
        queue.take_back(
            conversation=access.conversation(user, conversation_id), client_id=client_id
        )

    await database_sync_to_async(remove)()
    await hints.queue_changed(conversation_id)


async def arrange(user: User, conversation_id: UUID, client_ids: Sequence[UUID]) -> None:
    """Put the messages that wait into this order; those it does not name stay behind them."""

    def order() -> None:
        conversation = access.conversation(user, conversation_id)
        queue.arrange(conversation=conversation, client_ids=client_ids)

    await database_sync_to_async(order)()
    await hints.queue_changed(conversation_id)


async def put_first(user: User, conversation_id: UUID, client_id: UUID) -> None:
    """Let a message go before the others that wait. Raises `NotFound` as `queue.put_first`."""

    def first() -> None:
        conversation = access.conversation(user, conversation_id)
        queue.put_first(conversation=conversation, client_id=client_id)

    await database_sync_to_async(first)()
    await hints.queue_changed(conversation_id)


async def hold(conversation_id: UUID) -> None:
    """Begin none of the messages that wait, because the person stops the reply before them."""
    if await database_sync_to_async(queue.hold)(conversation_id=conversation_id):
        await hints.queue_changed(conversation_id)


async def resume(conversation_id: UUID) -> None:
    """Let the messages that wait begin again; `Turns.advance` begins the first."""
    await database_sync_to_async(queue.resume)(conversation_id=conversation_id)
    await hints.queue_changed(conversation_id)


async def items(conversation_id: UUID) -> tuple[list[dict[str, Any]], bool]:
    """The queue, as the `queue` event tells it, and whether it is held."""
    rows, held = await database_sync_to_async(queue.items)(conversation_id=conversation_id)
    return [
        {
            "client_id": str(row.client_id),
            "content": row.content,
            "created_at": timestamp(row.created_at),
            **attachments_of(row),
            **({"error": row.error} if row.error else {}),
        }
        for row in rows
    ], held


def _forget(item: QueuedMessage) -> None:
    """Remove a message whose turn was there before."""
    with suppress(NotFound):
        queue.take_back(conversation=item.conversation, client_id=item.client_id)


async def advance(
    conversation_id: UUID, begin: Begin, may_begin: Callable[[UUID], bool], held: Held
) -> None:
    """Begin the turn of the next message that waits, while `may_begin` allows it. One that cannot
    begin stays, with the reason, and the one after it is tried."""
    async with db_threads.borrow():
        while may_begin(conversation_id):
            item = await database_sync_to_async(queue.following)(conversation_id=conversation_id)
            if item is None:
                return
            request = TurnRequest(
                item.client_id,
                dict(item.parameters),
                content=item.content,
                attachments=tuple(file.id for file in item.files or ()),
            )
            try:
                # A server of the version before, on the same database, stores no author.
                author = item.author or item.conversation.user
                caller = Caller(author, item.key, item.door)
                _, created = await begin(caller, conversation_id, request)
                if not created:
                    await database_sync_to_async(_forget)(item)
            except (ConversationBusy, NotFound, Unavailable):
                return
            except (TooManyRequests, TooManyAtOnce) as refusal:
                held.hold(caller.user.pk, conversation_id, refusal.retry_after)
                return
            except Exception as error:  # noqa: BLE001 - told with the message that waits
                reason = describe(error).as_error()
                await database_sync_to_async(queue.refuse)(item=item, error=reason)
            await hints.queue_changed(conversation_id)
