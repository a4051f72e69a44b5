"""Messages that wait for the reply before theirs: into the queue, and out of it in order."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from channels.db import database_sync_to_async

from conversations import access, queue
from conversations.errors import ConversationBusy, NotFound
from conversations.models import User
from streaming import hints
from streaming.commands import Ask
from streaming.errors import describe
from streaming.log import timestamp
from streaming.stripes import stripes

if TYPE_CHECKING:
    from streaming.turns import Turns


async def put(user: User, conversation_id: UUID, ask: Ask) -> None:
    """Let `ask` wait. Raises as `queue.add` does."""
    await database_sync_to_async(_put)(user, conversation_id, ask)
    await hints.queue_changed(conversation_id)


def _put(user: User, conversation_id: UUID, ask: Ask) -> None:
    conversation = access.conversation(user, conversation_id)
    queue.add(
        conversation=conversation,
        client_id=ask.client_id,
        content=ask.content or "",
        parameters=ask.parameters,
    )


async def take_back(user: User, conversation_id: UUID, client_id: UUID) -> None:
    """Remove a message that waits. Raises `NotFound` when it does not."""

    def remove() -> None:
        queue.take_back(
            conversation=access.conversation(user, conversation_id), client_id=client_id
        )

    await database_sync_to_async(remove)()
    await hints.queue_changed(conversation_id)


async def items(conversation_id: UUID) -> list[dict[str, Any]]:
    """What waits, as the `queue` event tells it."""
    rows = await database_sync_to_async(queue.items)(conversation_id=conversation_id)
    return [
        {
            "client_id": str(row.client_id),
            "content": row.content,
            "created_at": timestamp(row.created_at),
            **({"error": row.error} if row.error else {}),
        }
        for row in rows
    ]


async def advance(turns: "Turns", conversation_id: UUID) -> None:
    """Begin the turn of the next message that waits, if nothing runs. One that cannot begin
    stays, with the reason, and the one after it is tried."""
    async with stripes.borrow():
        while not turns.draining and turns.running_in(conversation_id) is None:
            item = await database_sync_to_async(queue.following)(conversation_id=conversation_id)
            if item is None:
                return
            ask = Ask(item.client_id, dict(item.parameters), content=item.content)
            try:
                _, created = await turns.begin(item.conversation.user, conversation_id, ask)
                if not created:
                    await database_sync_to_async(item.delete)()
            except (ConversationBusy, NotFound):
                return
            except Exception as error:  # noqa: BLE001 - told with the message that waits
                reason = describe(error).as_error()
                await database_sync_to_async(queue.refuse)(item=item, error=reason)
            await hints.queue_changed(conversation_id)
