"""Rows for tests that need the database alone."""

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from conversations import services
from conversations.models import Conversation, Message, User
from conversations.selectors import TurnContext


@pytest.fixture
def owner(db: None) -> User:
    return services.create_user(username="owner", password=None)


@pytest.fixture
def stranger(db: None) -> User:
    return services.create_user(username="stranger", password=None)


@pytest.fixture
def chat(owner: User) -> Conversation:
    return services.create_conversation(user=owner)


def add_message(chat: Conversation, role: str = "user", **fields: object) -> Message:
    """A finished message, unless `status` says otherwise."""
    fields.setdefault("content", "Hello")
    if fields.get("status") not in ("streaming", "stopping"):
        fields.setdefault("completed_at", timezone.now())
    return Message.objects.create(conversation=chat, role=role, **fields)


def open_turn(chat: Conversation, content: str | None = "Hello", **fields: object):
    """`services.open_turn` with the usual values."""
    chat.refresh_from_db()
    values = {
        "context": TurnContext(chat, fields.pop("parent_id", chat.head_id), []),
        "client_id": uuid7(),
        "content": content,
        "message_id": None,
        "remember": {},
        "reply": {"model": "m", "provider_used": "echo"},
    }
    return services.open_turn(**(values | fields))
