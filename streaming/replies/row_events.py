"""From the rows of a turn to the events that tell of it."""

from dataclasses import replace
from typing import Any

from conversations.files.serializers import FileSerializer
from conversations.threads.models import OPEN, Awaits, Message, QueuedMessage
from conversations.threads.selectors import OpenedTurn
from streaming import events
from streaming.events import End, Event, Snapshot
from streaming.log import MemoryLog, timestamp


def snapshot_of(reply: Message) -> Snapshot:
    """Return the fields that all `message_start` events of a reply share."""
    return Snapshot(
        id=str(reply.id),
        created_at=timestamp(reply.created_at),
        parent_id=str(reply.parent_id) if reply.parent_id else None,
        client_id=str(reply.client_id) if reply.client_id else None,
        model=reply.model,
        provider_used=reply.provider_used,
        context=reply.context,
    )


def user_event(message: Message | None) -> Event | None:
    """The `user_message` event of a stored message."""
    if message is None:
        return None
    return {
        "type": "user_message",
        "id": str(message.id),
        "client_id": str(message.client_id) if message.client_id else None,
        "parent_id": str(message.parent_id) if message.parent_id else None,
        "content": message.content,
        "created_at": timestamp(message.created_at),
        **attachments_of(message),
    }


def attachments_of(message: Message | QueuedMessage) -> dict[str, Any]:
    """The field `attachments` of an event, where the message has files."""
    return {"attachments": FileSerializer(message.files, many=True).data} if message.files else {}


def events_of_ended(opened: OpenedTurn, *, question: bool, late: bool = False) -> list[Event]:
    """The events of a reply that has ended: its snapshot and its end; with `question` the user
    message before them. `late` says that they are for a follower who has been overtaken, and gets
    the rest of the turn after them."""
    reply = opened.reply
    end = End.from_row(reply)
    if end.tool_calls and end.next is None and _goes_on(opened, late=late):
        end = replace(end, next="tools")
    asked = user_event(opened.user_message) if question else None
    return [
        *([asked] if asked else []),
        events.message_start(
            snapshot_of(reply), seq=reply.seq, content=reply.content, reasoning=reply.reasoning
        ),
        events.message_end(str(reply.id), end, seq=reply.seq + 1, full_content=reply.content),
    ]


def _goes_on(opened: OpenedTurn, *, late: bool) -> bool:
    """Whether the turn of a reply whose calls are over has not ended for its follower."""
    begins = opened.conversation.awaits == Awaits.TOOLS
    return begins or opened.next_status in OPEN or (late and opened.next_status is not None)


def settle(log: MemoryLog, reply: Message) -> None:
    """End a log as the reply's row did. A log with another text is abandoned: its followers come
    back and get what is stored."""
    logged = (log.seq, log.text("content"), log.text("reasoning"))
    if log.end is None and not log.lost and logged == (reply.seq, reply.content, reply.reasoning):
        log.finish(End.from_row(reply))
    else:
        log.abandon()
