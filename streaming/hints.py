"""Short news between sockets, through the channel layer: something changed, look again.

A hint may be lost (the layer drops when a channel is full), so nothing depends on a hint: it only
makes others look sooner. No text of a reply is sent this way.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from conversations.threads.models import Conversation
from streaming import revocation

logger = logging.getLogger(__name__)

# How long the layer may take before a hint is dropped, in seconds: with many turns at once each
# hint waits for those before it.
PATIENCE = 5.0


# The group of what every process has to know.
CONNECTIONS = "connections"


def conversation_group(conversation_id: UUID) -> str:
    return f"conversation.{conversation_id.hex}"


def user_group(user_id: UUID) -> str:
    return f"user.{user_id.hex}"


async def turn_started(conversation_id: UUID, reply_id: UUID) -> None:
    """Tell that a reply has begun: sockets follow it."""
    await _send(conversation_group(conversation_id), "hint.turn", reply_id=str(reply_id))


async def conversation_changed(
    conversation: "Conversation", *, deleted: UUID | None = None
) -> None:
    """Tell the new title, head and revision, and the message whose deletion made them."""
    head_id = conversation.head_id
    await _send(
        conversation_group(conversation.pk),
        "hint.conversation",
        title=conversation.title,
        head_id=str(head_id) if head_id else None,
        revision=conversation.revision,
        deleted=str(deleted) if deleted else None,
    )


async def queue_changed(conversation_id: UUID) -> None:
    """Tell that the message queue changed."""
    await _send(conversation_group(conversation_id), "hint.queue")


async def call_changed(conversation_id: UUID, message_id: UUID, call_id: UUID, state: str) -> None:
    """Tell that a tool call has come to another state. A socket of the release before would fail at
    a kind of hint that it does not know: it looks at its queue instead."""
    await _send(
        conversation_group(conversation_id),
        "hint.queue",
        message_id=str(message_id),
        call_id=str(call_id),
        state=state,
    )


async def conversation_deleted(conversation_id: UUID) -> None:
    """Tell that the conversation was deleted: its sockets close."""
    await _send(conversation_group(conversation_id), "hint.deleted")


async def ask_presence(user_id: UUID, group: str) -> None:
    """Ask the sockets of a user to say in `group` that they are there. One of the release before
    looks at its queue instead (see `call_changed`)."""
    await _send(user_group(user_id), "hint.queue", present=group, user=str(user_id))


async def tell_presence(group: str, user: str) -> None:
    """Answer `ask_presence`."""
    await _send(group, "hint.present", user=user)


async def connections_changed(models: str = "") -> None:
    """Tell that connections, or the choices of staff among them, changed; or the models of the
    connection that is named."""
    await _send(CONNECTIONS, "hint.connections", models=models)


async def credentials_changed(user_id: UUID) -> None:
    """Have the user's sockets and replies check their credentials: a session ended, a key was
    revoked, a password changed."""
    revocation.look_again()
    await _send(user_group(user_id), "hint.credentials")


def credentials_changed_sync(user_id: UUID) -> None:
    """`credentials_changed`, for a view that runs in a thread."""
    async_to_sync(credentials_changed)(user_id)


async def join(layer: Any, channel: str, groups: Iterable[str]) -> None:
    """Add a socket to groups. It is repeated now and then: the layer may be away."""
    for group in groups:
        await _try(layer.group_add(group, channel), "join")


async def leave(layer: Any, channel: str, groups: Iterable[str]) -> None:
    """Take a socket out of its groups."""
    for group in groups:
        await _try(layer.group_discard(group, channel), "leave")


async def _send(group: str, kind: str, **values: Any) -> None:
    await _try(get_channel_layer().group_send(group, {"type": kind, **values}), kind)


async def _try(work: Awaitable[None], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await work
    except Exception as error:  # noqa: BLE001 - a lost hint fails nothing
        logger.warning("hint lost: %s (%s)", what, type(error).__name__)
