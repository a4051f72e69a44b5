"""Every write to conversations, and to messages but for a reply that is being made (`replies.py`).

Sync, keyword-only, one transaction each.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, QuerySet
from django.utils import timezone

from conversations.errors import Conflict, ConversationBusy, InvalidInput, NotFound, StorageFull
from conversations.files import services as file_services
from conversations.ids import new_id
from conversations.people.models import User
from conversations.statements import Insert, Statement, Update, is_duplicate
from conversations.threads import access, search, selectors, storage
from conversations.threads.models import Awaits, Conversation, Message, QueuedMessage, Status
from conversations.threads.selectors import OpenedTurn, TurnContext
from conversations.threads.titles import title_of
from conversations.tools import approval, calls
from conversations.tools.models import ToolCall

_insert = Insert(Message)
_update = Update(Conversation)
_locked = Statement(
    lambda conversation_id: (
        Conversation.objects.select_for_update(no_key=True).filter(id=conversation_id).order_by()
    )
)
# Whether a message is still shown, in one statement with what is queued.
_shown_and_queued = Statement(
    lambda message_id, conversation_id, client_id: (
        Message.shown.filter(id=message_id)
        .order_by()
        .values_list(
            Exists(
                QueuedMessage.objects.filter(
                    conversation_id=conversation_id, client_id=client_id
                ).order_by()
            )
        )
    )
)
_queued = Statement(
    lambda conversation_id, client_id: (
        QueuedMessage.objects.filter(conversation_id=conversation_id, client_id=client_id)
        .order_by()
        .values_list("id")
    )
)

CHANGED = "The conversation changed in the meantime. Try again."

# How long a deleted conversation can be restored.
RESTORABLE = timedelta(hours=1)


def create_conversation(
    *,
    user: User,
    title: str = "",
    settings: Mapping[str, Any] | None = None,
    temporary: bool = False,
) -> Conversation:
    """Begin a conversation; a setting of `None` is not kept. Raises `StorageFull`."""
    kept = {name: value for name, value in (settings or {}).items() if value is not None}
    used_at = timezone.now() if temporary else None
    size = storage.CONVERSATION + _prompt_bytes(kept)
    require_room(user_id=user.pk, size=size)
    with transaction.atomic():
        row = Conversation.objects.create(
            user=user, title=title, settings=kept, temporary=temporary, used_at=used_at
        )
        storage.add(user_id=user.pk, size=size)
    return row


def require_room(*, user_id: UUID, size: int) -> None:
    """Return if the person may store `size` bytes more. Before that is refused, the deleted
    conversations of the person are removed for good. Raises `StorageFull`."""
    if storage.has_room(user_id=user_id, size=size):
        return
    remove(Conversation.objects.filter(user_id=user_id, deleted_at__isnull=False))
    storage.count_again(user_id=user_id)
    if not storage.has_room(user_id=user_id, size=size):
        raise StorageFull


def _prompt_bytes(settings: Mapping[str, Any]) -> int:
    return storage.text_bytes(settings.get("system_prompt"))


def open_empty_conversation(
    *, user: User, settings: Mapping[str, Any] | None = None
) -> tuple[Conversation, bool]:
    """Return the user's newest empty conversation, with these settings merged into its own, or a
    new one; and whether it is new."""
    with transaction.atomic():
        row = (
            selectors.empty_conversations(user=user)
            .select_for_update(of=("self",), no_key=True)
            .first()
        )
        if row is None:
            return create_conversation(user=user, settings=settings), True
        row.updated_at = timezone.now()
        row.save(update_fields=["updated_at"])
    if settings:
        row = update_conversation(conversation=row, changes={"settings": settings})
    return row, False


def update_conversation(*, conversation: Conversation, changes: Mapping[str, Any]) -> Conversation:
    """Change `title`, `pinned`, `archived`, `head_id` or `settings` (merged; `None` removes a
    setting).

    Raises:
        InvalidInput: `head_id` is not a message of this conversation.
        ConversationBusy: `head_id` was given and a reply is in progress.
        StorageFull: the system prompt gets longer, and there is no room.
    """
    longer = _prompt_bytes(changes.get("settings", {})) - _prompt_bytes(conversation.settings)
    if longer > 0:
        require_room(user_id=conversation.user_id, size=longer)
    with transaction.atomic():
        row = Conversation.objects.select_for_update(no_key=True).get(id=conversation.id)
        if "title" in changes:
            row.title = changes["title"]
            row.updated_at = timezone.now()
        row.pinned = changes.get("pinned", row.pinned)
        row.archived = changes.get("archived", row.archived)
        before = _prompt_bytes(row.settings)
        if "settings" in changes:
            merged = {**row.settings, **changes["settings"]}
            row.settings = {name: value for name, value in merged.items() if value is not None}
        if "head_id" in changes:
            head_id = changes["head_id"]
            if head_id and not Message.shown.filter(conversation=row, id=head_id).exists():
                sentence = "Message not found in this conversation."
                raise InvalidInput(f"head_id: {sentence}", fields={"head_id": [sentence]})
            if selectors.running_reply(conversation=row):
                raise ConversationBusy
            if row.awaits == Awaits.TOOLS:
                raise ConversationBusy
            row.head_id = head_id
        row.save()
        storage.add(user_id=row.user_id, size=_prompt_bytes(row.settings) - before)
    return row


def delete_conversation(*, conversation: Conversation) -> None:
    """Delete a conversation, and purge those whose time to be restored is over. No reply begins in
    it any more; one that runs has to be stopped."""
    Conversation.objects.filter(id=conversation.id).update(deleted_at=timezone.now())
    purge_deleted()


def restore_conversation(*, conversation: Conversation) -> None:
    """Restore a deleted conversation."""
    Conversation.objects.filter(id=conversation.id).update(deleted_at=None)


def purge_deleted() -> int:
    """Remove the conversations that were deleted `RESTORABLE` ago. Returns how many."""
    return remove(Conversation.objects.filter(deleted_at__lt=timezone.now() - RESTORABLE))


def remove(rows: QuerySet[Conversation]) -> int:
    """Remove conversations with all that belongs to them. Returns how many."""
    with transaction.atomic():
        search.forget(Message.objects.filter(conversation__in=rows))
        sizes = storage.by_owner(rows)
        chats = list(rows.filter(temporary=True).values_list("id", flat=True))
        if chats:
            file_services.end_with(chats=chats)
        rows.update(head=None)
        _, by_model = rows.delete()
        for user_id, size in sizes.items():
            storage.add(user_id=user_id, size=-size)
    return by_model.get("conversations.Conversation", 0)


def open_turn(
    *,
    context: TurnContext,
    author: User,
    client_id: UUID,
    content: str | None,
    message_id: UUID | None,
    remember: Mapping[str, Any],
    reply: Mapping[str, Any],
    asked_id: UUID | None = None,
) -> OpenedTurn:
    """Store a message and its open reply, or neither.

    `content` is `None` for a regeneration, which adds only a reply. `remember` are the parameters
    that the conversation keeps, `reply` the first fields of the reply's row. A `reply` with an id
    needs an `asked_id` that was made before it: ids sort by time. A client_id that has a turn by
    now returns that turn.

    Raises:
        ConversationBusy: a reply is in progress.
        ClientIdConflict: the client_id was used with different content.
        NotFound: the conversation was deleted.
        Conflict: the message above was deleted.
    """
    conversation = context.conversation
    asked, row = _new_rows(context, author, client_id, content, asked_id, reply)
    try:
        with transaction.atomic():
            _insert(*([asked, row] if asked else [row]))
            current = next(iter(_locked.objects(conversation.id)), None)
            if current is None or current.deleted_at is not None:  # since the turn was planned
                raise NotFound("Conversation not found.")
            awaited = bool(current.awaits)
            denied = _end_waiting(current) if awaited else []
            waited = 0
            if _is_queued(context, client_id):
                waited, _ = current.queue.filter(client_id=client_id).delete()
            _show_turn(current, context, asked, row, remember, awaited=awaited)
            messages = 2 if asked else 1
            size = messages * storage.MESSAGE + storage.text_bytes(content)
            if waited:
                size -= storage.MESSAGE + storage.text_bytes(content)
            storage.add(user_id=current.user_id, size=size)
    except IntegrityError as error:
        attachments = [file.id for file in context.files]
        known = _known(conversation, client_id, content, message_id, attachments)
        if known is None:
            raise (ConversationBusy() if is_duplicate(error) else Conflict(CHANGED)) from None
        return known
    return OpenedTurn(current, asked, row, created=True, denied=denied)


def _is_queued(context: TurnContext, client_id: UUID) -> bool:
    """Whether the message waits in the queue. Raises `Conflict`: the message above was deleted."""
    conversation_id = context.conversation.id
    if context.parent_id is None:
        return bool(_queued.rows(conversation_id, client_id))
    rows = _shown_and_queued.rows(context.parent_id, conversation_id, client_id)
    if not rows:
        raise Conflict(CHANGED)
    return bool(rows[0][0])


def _new_rows(
    context: TurnContext,
    author: User,
    client_id: UUID,
    content: str | None,
    asked_id: UUID | None,
    reply: Mapping[str, Any],
) -> tuple[Message | None, Message]:
    """Return the rows of a turn, not stored yet: its message, if it has one, and its reply."""
    now, asked = timezone.now(), None
    shared: dict[str, Any] = {
        "conversation": context.conversation,
        "author": author,
        "client_id": client_id,
        "created_at": now,
    }
    if content is not None:
        asked = Message(
            id=asked_id or new_id(),
            parent_id=context.parent_id,
            role=Message.Role.USER,
            content=content,
            completed_at=now,
            **shared,
        )
    row = Message(
        parent_id=asked.id if asked else context.parent_id,
        role=Message.Role.ASSISTANT,
        status=Status.STREAMING,
        **shared,
        **reply,
    )
    return asked, row


def _show_turn(
    conversation: Conversation,
    context: TurnContext,
    asked: Message | None,
    row: Message,
    remember: Mapping[str, Any],
    *,
    awaited: bool,
) -> None:
    """Make a turn the end of its conversation, which the caller has locked: the head, the title,
    what is remembered, and the files of its message."""
    conversation.head = row
    conversation.settings = {**conversation.settings, **remember}
    conversation.updated_at = row.created_at
    if asked:
        file_services.attach(files=context.files, message_id=asked.id)
        asked.files = context.files
        named = context.files[0].name if context.files else ""
        conversation.title = conversation.title or title_of(asked.content or named)
    changes = {
        "head": row.pk,
        "settings": conversation.settings,
        "title": conversation.title,
        "updated_at": conversation.updated_at,
    }
    if awaited:
        changes["awaits"] = conversation.awaits
    _update(changes, id=conversation.pk)


def _end_waiting(conversation: Conversation) -> list[ToolCall]:
    """End the turn before a new one, which waits for decisions: they are denied. Raises
    `ConversationBusy` while its tools run."""
    if conversation.awaits == Awaits.TOOLS or calls.is_under_way(conversation=conversation):
        raise ConversationBusy
    conversation.awaits = ""
    return approval.deny_undecided(conversation=conversation)


def open_step(*, asking: Message, reply: Mapping[str, Any]) -> OpenedTurn | None:
    """Store the open reply that follows one whose calls are over. `reply` are the first fields of
    its row. Returns `None` where the turn goes on elsewhere, or has ended."""
    with transaction.atomic():
        current = next(iter(_locked.objects(asking.conversation_id)), None)
        if current is None or current.deleted_at or current.awaits != Awaits.TOOLS:
            return None
        if calls.is_under_way(conversation=current):
            return None
        now = timezone.now()
        row = Message(
            conversation=current,
            parent_id=asking.id,
            author_id=asking.author_id,
            role=Message.Role.ASSISTANT,
            created_at=now,
            **{"status": Status.STREAMING, **reply},
        )
        _insert(row)
        current.head, current.awaits, current.updated_at = row, "", now
        current.save(update_fields=["head", "awaits", "updated_at"])
        storage.add(user_id=current.user_id, size=storage.MESSAGE)
    return OpenedTurn(current, None, row, created=True)


def _known(
    conversation: Conversation,
    client_id: UUID,
    content: str | None,
    message_id: UUID | None,
    attachments: list[UUID],
) -> OpenedTurn | None:
    """The turn of a request that was refused, if another was faster with it."""
    access.conversation(conversation.user, conversation.id)  # deleted in the meantime?
    return selectors.known_turn(
        conversation=conversation,
        client_id=client_id,
        content=content,
        message_id=message_id,
        attachments=attachments,
    )
