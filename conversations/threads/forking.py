"""Copies a branch of a conversation into a new one. Sync, keyword-only."""

from uuid import UUID

from django.db import transaction

from conversations.errors import ConversationBusy, InvalidInput
from conversations.files import services as file_services
from conversations.people.models import User
from conversations.threads import selectors, services, storage
from conversations.threads.models import OPEN, Conversation, Message
from conversations.tools import calls

# What a copy of a message has of it. What it cost is not counted again.
COPIED = (
    *("author_id", "role", "content", "reasoning", "status", "seq", "finish_reason"),
    *(
        "model",
        "provider_used",
        "fallback_used",
        "parameters",
        "tokens",
        "context",
        "timings",
        "left_out",
    ),
    *("error", "door", "created_at", "completed_at"),
)
ROWS_AT_ONCE = 100


def fork(*, conversation: Conversation, user: User, leaf: UUID | None) -> Conversation:
    """Make a new conversation of the user with copies of the messages down to `leaf`, or of the
    shown branch.

    Raises:
        InvalidInput: `leaf` is not a message of this conversation.
        ConversationBusy: the branch ends with a reply that is in progress.
        StorageFull: there is no room for the copies.
    """
    path = selectors.path_ids(conversation=conversation, leaf_id=leaf or conversation.head_id)
    if leaf and not path:
        sentence = "Message not found in this conversation."
        raise InvalidInput(f"leaf: {sentence}", fields={"leaf": [sentence]})
    messages = Message.objects.in_bulk(path)
    rows = [messages[key] for key in path if key in messages]
    if any(row.status in OPEN for row in rows):
        raise ConversationBusy
    size = storage.CONVERSATION + storage.text_bytes(conversation.settings.get("system_prompt"))
    size += sum(storage.MESSAGE + storage.text_bytes(row.content, row.reasoning) for row in rows)
    services.require_room(user_id=user.pk, size=size)
    with transaction.atomic():
        made = Conversation.objects.create(
            user=user, title=conversation.title, settings=conversation.settings
        )
        copies: list[Message] = []
        for row in rows:
            values = {name: getattr(row, name) for name in COPIED}
            parent = copies[-1] if copies else None
            copies.append(Message(conversation=made, parent=parent, **values))
        Message.objects.bulk_create(copies, batch_size=ROWS_AT_ONCE)
        ids = {row.id: copy.id for row, copy in zip(rows, copies, strict=True)}
        file_services.copy_attachments(copies=ids)
        size += calls.copy(copies=ids)
        if copies:
            made.head = copies[-1]
            made.save(update_fields=["head"])
        storage.add(user_id=user.pk, size=size)
    return made
