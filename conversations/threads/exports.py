"""Exports a conversation: the shown branch as Markdown, or all of it as JSON."""

from typing import Any

from django.utils.text import slugify

from conversations.threads.models import Conversation, Message
from conversations.threads.serializers import ConversationSerializer, MessageSerializer

NAMES = {Message.Role.USER: "You", Message.Role.ASSISTANT: "Assistant"}


def as_markdown(conversation: Conversation, messages: list[Message]) -> str:
    """Return the title as a heading, then each message below its role, model and time."""
    parts = [f"# {conversation.title or 'New chat'}"]
    for message in messages:
        name = NAMES.get(Message.Role(message.role), message.role.capitalize())
        by = f" · {message.model}" if message.model else ""
        parts.append(f"## {name}{by} · {message.created_at:%Y-%m-%d %H:%M} UTC")
        parts.append(message.content or "*(no text)*")
    return "\n\n".join(parts) + "\n"


def as_json(conversation: Conversation, messages: list[Message]) -> dict[str, Any]:
    """Return the conversation and its messages in the shapes of REST."""
    return {
        "conversation": ConversationSerializer(conversation).data,
        "messages": MessageSerializer(messages, many=True).data,
    }


def file_name(conversation: Conversation, ending: str) -> str:
    """Return a file name that is valid on every system."""
    return f"{slugify(conversation.title)[:60] or 'chat'}.{ending}"
