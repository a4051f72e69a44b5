"""Deletes messages, restores them, and erases their text after a while. Sync, keyword-only."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from conversations.errors import ConversationBusy, NotFound
from conversations.files.models import Attachment
from conversations.threads import search, selectors, storage
from conversations.threads.models import OPEN, Conversation, Message
from conversations.tools import approval, calls

# How long a deleted message can be restored; then its text is erased.
RESTORABLE = timedelta(days=1)


def delete_message(*, message: Message) -> Conversation:
    """Hide a message, and hang the messages below it below its parent. Where it was the shown leaf,
    its newest other version is shown, or its parent, or, where it had none, the newest message
    that is left. Returns the conversation as it is then.

    Raises:
        ConversationBusy: the message, or the reply to it, is being written.
        NotFound: it is deleted.
    """
    with transaction.atomic():
        conversation = Conversation.objects.select_for_update(no_key=True).get(
            id=message.conversation_id
        )
        row = Message.shown.filter(id=message.id).first()
        if row is None:
            raise NotFound("Message not found.")
        running = Message.objects.filter(conversation=conversation, status__in=OPEN)
        if running.filter(Q(id=row.id) | Q(parent_id=row.id)).exists():
            raise ConversationBusy("The reply to this message is in progress. Stop it first.")
        if conversation.awaits and calls.of_message(row.id).exists():
            if calls.is_under_way(conversation=conversation):
                raise ConversationBusy("The tools of this message are running. Stop them first.")
            approval.deny_undecided(conversation=conversation)
            conversation.awaits = ""
        Message.objects.filter(id=row.id).update(deleted_at=timezone.now())
        _hang(conversation)
        if conversation.head_id == row.id:
            conversation.head_id = _shown_instead(conversation, row)
        _save(conversation)
    return conversation


def restore_message(*, message: Message) -> Conversation:
    """Show a deleted message again, where it was. Unless it is on the shown branch then, or a reply
    is in progress, its branch is shown. Returns the conversation as it is then.

    Raises:
        NotFound: it is not deleted, or was too long ago.
    """
    with transaction.atomic():
        conversation = Conversation.objects.select_for_update(no_key=True).get(
            id=message.conversation_id
        )
        deleted = Message.objects.filter(id=message.id, deleted_at__gt=timezone.now() - RESTORABLE)
        if not deleted.update(deleted_at=None):
            raise NotFound("Deleted message not found.")
        _hang(conversation)
        shown = selectors.path_ids(conversation=conversation, leaf_id=conversation.head_id)
        if message.id not in shown and not selectors.running_reply(conversation=conversation):
            conversation.head_id = _leaf(conversation, message.id)
        _save(conversation)
    return conversation


def erase_deleted() -> int:
    """Erase the text of the messages that were deleted `RESTORABLE` ago. Returns how many."""
    due = Message.objects.filter(deleted_at__lte=timezone.now() - RESTORABLE)
    Attachment.objects.filter(message__in=due).delete()
    calls.erase(messages=due)
    due = due.exclude(content="", reasoning="")
    with transaction.atomic():
        search.forget(due)
        sizes = storage.texts_by_owner(due)
        erased = due.update(content="", reasoning="", error=None)
        for user_id, size in sizes.items():
            storage.add(user_id=user_id, size=-size)
    return erased


def _save(conversation: Conversation) -> None:
    conversation.revision += 1
    conversation.save(update_fields=["awaits", "head", "revision"])


def _hang(conversation: Conversation) -> None:
    """Hang every message below the nearest one above it that is not deleted."""
    messages = Message.objects.filter(conversation=conversation).order_by()
    rows = list(messages.values_list("id", "parent_id", "first_parent_id", "deleted_at"))
    first = {key: moved_from or parent for key, parent, moved_from, _ in rows}
    deleted = {key for key, *_, deleted_at in rows if deleted_at is not None}
    for key, parent, moved_from, _ in rows:
        wanted = first[key]
        while wanted in deleted:
            wanted = first[wanted]
        keep = None if wanted == first[key] else first[key]
        if (parent, moved_from) != (wanted, keep):
            Message.objects.filter(id=key).update(parent_id=wanted, first_parent_id=keep)


def _shown_instead(conversation: Conversation, row: Message) -> UUID | None:
    left = Message.shown.filter(conversation=conversation).order_by("created_at", "id")
    version = left.filter(parent_id=row.parent_id, role=row.role).last()
    if version is not None:
        return _leaf(conversation, version.id)
    if row.parent_id is not None:
        return row.parent_id
    newest = left.last()
    return newest.id if newest else None


def _leaf(conversation: Conversation, message_id: UUID) -> UUID:
    """Return the end of the newest branch through a message."""
    messages = Message.shown.filter(conversation=conversation).order_by("created_at", "id")
    newest_below = {parent: key for key, parent in messages.values_list("id", "parent_id")}
    while (below := newest_below.get(message_id)) is not None:
        message_id = below
    return message_id
