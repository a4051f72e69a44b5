"""Short news between sockets, through the channel layer: something changed, go and look.

A hint may be lost (the layer drops when a channel is full), so nothing depends on one: it only
makes others look sooner. No text of a reply ever goes this way.
"""

import logging
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from streaming.keyed import keyed

logger = logging.getLogger(__name__)


def conversation_group(conversation_id: UUID) -> str:
    return f"conversation.{conversation_id.hex}"


def user_group(user_id: UUID) -> str:
    return f"user.{user_id.hex}"


async def turn_started(conversation_id: UUID, reply_id: UUID) -> None:
    """A reply has begun: follow it."""
    await _send(conversation_group(conversation_id), "hint.turn", reply_id=str(reply_id))


async def conversation_changed(conversation_id: UUID, title: str, head_id: UUID | None) -> None:
    """The title or the head is another now."""
    await _send(
        conversation_group(conversation_id),
        "hint.conversation",
        title=title,
        head_id=str(head_id) if head_id else None,
    )


async def queue_changed(conversation_id: UUID) -> None:
    """Other messages wait now."""
    await _send(conversation_group(conversation_id), "hint.queue")


async def conversation_deleted(conversation_id: UUID) -> None:
    """The conversation is gone: close its sockets."""
    await _send(conversation_group(conversation_id), "hint.deleted")


async def credentials_changed(user_id: UUID) -> None:
    """A session ended, a key was revoked, a password changed: check who you are again."""
    keyed.look_again()
    await _send(user_group(user_id), "hint.credentials")


def credentials_changed_sync(user_id: UUID) -> None:
    """`credentials_changed`, for a view that runs in a thread."""
    async_to_sync(credentials_changed)(user_id)


async def _send(group: str, kind: str, **values: Any) -> None:
    try:
        await get_channel_layer().group_send(group, {"type": kind, **values})
    except Exception as error:  # noqa: BLE001 - a lost hint is never anybody's failure
        logger.warning("A hint was lost: %s (%s)", kind, type(error).__name__)
