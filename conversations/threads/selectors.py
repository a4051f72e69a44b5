"""Every read of conversations and messages. Sync, keyword-only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from conversations.errors import ClientIdConflict, InvalidInput, NotFound
from conversations.files import selectors as file_selectors
from conversations.files.models import File
from conversations.people.models import User
from conversations.statements import Statement
from conversations.threads import access, history, storage
from conversations.threads.history import Said
from conversations.threads.models import OPEN, Conversation, Message
from conversations.threads.search import Hit
from conversations.tools.models import ToolCall
from conversations.tools.offers import Offer
from conversations.tools.selectors import add_calls

Branch = Literal["head", "all"]

# Conversations in which nothing was said, and that nobody named.
EMPTY = Q(head=None, title="")
_by_client_id = Statement(
    lambda conversation_id, client_id: Message.objects.filter(
        conversation_id=conversation_id, client_id=client_id
    ).order_by()
)

# The most that the texts of a page of messages take, unless it is one message.
PAGE_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class OpenedTurn:
    """A reply and the user message it answers. `user_message` is `None` for a regeneration.
    `created` is false for a turn that the client_id had made before. `denied` are calls that nobody
    had decided before it. `next_status` is that of the reply after the tools that this one asked
    for, once there is one."""

    conversation: Conversation
    user_message: Message | None
    reply: Message
    created: bool
    denied: Sequence[ToolCall] = ()
    next_status: str | None = None


@dataclass(frozen=True, slots=True)
class TurnContext:
    """The parent of a new reply, the messages before it, the files of the new message, and what its
    author wants of every reply: `instructions`, and a `default_model` where none was chosen.

    `offers` are the tools that the conversation uses; in the `last_step` of a turn none may be
    called. The `history` has the newest messages, oldest first, and all system messages. `older`
    are before them and were not read; `reach` says how far was read. `runs` says that the parent is
    still being written, by whatever process.
    """

    conversation: Conversation
    parent_id: UUID | None
    history: Sequence[Said]
    older: int = 0
    reach: int = 1
    instructions: str = ""
    default_model: str = ""
    files: list[File] = field(default_factory=list)
    offers: Sequence[Offer] = ()
    last_step: bool = False
    runs: bool = False


def conversations(
    *,
    user: User,
    archived: bool | None = None,
    pinned: bool | None = None,
    empty: bool | None = None,
) -> QuerySet[Conversation]:
    """Return the user's conversations, newest first, each with its `message_count` and whether a
    reply is `running`; not the temporary ones, which are in no list. `empty` ones have neither
    title nor messages. `None` does not filter."""
    rows = Conversation.objects.filter(user=user, deleted_at=None)
    if archived is not None:
        rows = rows.filter(archived=archived)
    if pinned is not None:
        rows = rows.filter(pinned=pinned)
    if empty is not None:
        rows = rows.filter(EMPTY) if empty else rows.exclude(EMPTY)
    return with_figures(rows.filter(temporary=False)).order_by("-updated_at", "-id")


def shown_conversation(*, user: User, conversation_id: UUID) -> Conversation | None:
    """Return one conversation of the user with its figures, also a temporary one, or `None`."""
    rows = Conversation.objects.filter(user=user, deleted_at=None, pk=conversation_id)
    return with_figures(rows.select_related("head")).first()


def empty_conversations(*, user: User) -> QuerySet[Conversation]:
    """Return the user's conversations that nothing was done with, newest first; not the temporary
    ones."""
    rows = Conversation.objects.filter(EMPTY, user=user, deleted_at=None, temporary=False)
    untouched = rows.filter(
        pinned=False, archived=False, temporary=False, queue=None, messages=None
    )
    return untouched.order_by("-updated_at", "-id")


def found(rows: QuerySet[Conversation], hits: Mapping[UUID, Hit]) -> QuerySet[Conversation]:
    """Filter conversations to those that a search found, and annotate `in_title`: 1 for a match in
    the title, otherwise 0. These come first."""
    titles = [key for key, hit in hits.items() if hit.in_title]
    rows = rows.filter(id__in=list(hits))
    rows = rows.annotate(in_title=Case(When(id__in=titles, then=Value(1)), default=Value(0)))
    return rows.order_by("-in_title", "-updated_at", "-id")


def with_figures(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Annotate the rows with `message_count` and `running`."""
    count = (
        Message.shown.filter(conversation=OuterRef("pk"))
        .order_by()
        .values("conversation")
        .annotate(count=Count("pk"))
        .values("count")
    )
    running = Message.objects.filter(conversation=OuterRef("pk"), status__in=OPEN)
    return rows.annotate(
        message_count=Coalesce(Subquery(count), 0), running=Exists(running.order_by())
    )


def path_ids(*, conversation: Conversation, leaf_id: UUID | None) -> list[UUID]:
    """Return the ids from the root of the tree to `leaf_id`."""
    return _path(_parents(conversation), leaf_id)


def _parents(conversation: Conversation) -> dict[UUID, UUID | None]:
    messages = Message.shown.filter(conversation=conversation).order_by()
    return dict(messages.values_list("id", "parent_id"))


def _path(parents: dict[UUID, UUID | None], leaf_id: UUID | None) -> list[UUID]:
    path: list[UUID] = []
    while leaf_id is not None and leaf_id in parents:
        path.append(leaf_id)
        leaf_id = parents[leaf_id]
    return path[::-1]


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in reading order, and whether there are more before and after them. `leaf` is the
    end of their branch, `None` for all branches."""

    messages: list[Message]
    more_before: bool
    more_after: bool
    leaf: UUID | None


def messages(
    *,
    conversation: Conversation,
    branch: Branch = "head",
    leaf: UUID | None = None,
    after: UUID | None = None,
    before: UUID | None = None,
    from_end: bool = False,
    limit: int,
) -> Page:
    """Return a page of messages: after `after`, before `before`, the last ones (`from_end`), or
    the first ones.

    Pass the `leaf` of a page to get more of the same branch, even if another is shown by then.
    Raises `NotFound` for an id that is not on the branch.
    """
    if branch == "all":
        path = ordered_ids(conversation=conversation, branch=branch)
    else:
        path = _shown(conversation, leaf or before)
    for message_id in (leaf if branch == "head" else None, after, before):
        if message_id is not None and message_id not in path:
            raise NotFound("Message not found on this branch.")
    start = path.index(after) + 1 if after else 0
    end = start + limit
    if before:
        end = path.index(before)
        start = max(0, end - limit)
    elif from_end and after is None:
        start, end = max(0, len(path) - limit), len(path)
    from_its_end = bool(before) or (from_end and after is None)
    start, end = bounded(path, start, min(end, len(path)), from_its_end=from_its_end)
    rows = Message.objects.in_bulk(path[start:end])
    page = [rows[key] for key in path[start:end] if key in rows]
    add_siblings(page)
    leaf = path[-1] if path and branch == "head" else None
    return Page(page, more_before=start > 0, more_after=end < len(path), leaf=leaf)


def bounded(
    ids: list[UUID], start: int, end: int, *, from_its_end: bool = False
) -> tuple[int, int]:
    """Return the part of `ids[start:end]` whose texts have no more than `PAGE_BYTES`: at least one
    message, from the end of the page or from its beginning."""
    sizes = storage.sizes_of_texts(ids[start:end])
    wanted = range(start, end)
    total, count = 0, 0
    for position in reversed(wanted) if from_its_end else wanted:
        total += sizes.get(ids[position], 0)
        if total > PAGE_BYTES and count:
            break
        count += 1
    return (end - count, end) if from_its_end else (start, start + count)


def _shown(conversation: Conversation, member: UUID | None) -> list[UUID]:
    """Return the ids of the shown branch, or of the branch that ends with `member` if the shown
    one does not have it."""
    parents = _parents(conversation)
    shown = _path(parents, conversation.head_id)
    return shown if member is None or member in shown else _path(parents, member)


def add_siblings(page: list[Message]) -> None:
    """Set `sibling_ids` of messages of one conversation (all versions, oldest first), and
    `sibling_models` where there are several."""
    if not page:
        return
    parents = {message.parent_id for message in page}
    beside = Q(parent_id__in=parents - {None})
    if None in parents:
        beside |= Q(parent_id=None)
    versions: dict[tuple[UUID | None, str], list[UUID]] = {}
    siblings = Message.shown.filter(beside, conversation_id=page[0].conversation_id)
    models: dict[UUID, str | None] = {}
    for key, parent, role, model in siblings.order_by("created_at", "id").values_list(
        "id", "parent_id", "role", "model"
    ):
        versions.setdefault((parent, role), []).append(key)
        models[key] = model
    for message in page:
        # One that was deleted meanwhile is not among them.
        message.sibling_ids = versions.get((message.parent_id, message.role), [message.id])
        if len(message.sibling_ids) > 1 and message.role == Message.Role.ASSISTANT:
            message.sibling_models = [models[key] or None for key in message.sibling_ids]


def add_files(rows: Iterable[Message]) -> None:
    """Set `files` of messages, without the text of those."""
    messages = list(rows)
    ids = [row.id for row in messages if row.role == Message.Role.USER]
    files = file_selectors.attached(column="message_id", ids=ids)
    for row in messages:
        row.files = files.get(row.id, [])


def ordered_ids(*, conversation: Conversation, branch: Branch) -> list[UUID]:
    """Return the ids of the shown branch or of all messages, in reading order."""
    if branch == "head":
        return path_ids(conversation=conversation, leaf_id=conversation.head_id)
    messages = Message.shown.filter(conversation=conversation).order_by("created_at", "id")
    return list(messages.values_list("id", flat=True))


def known_turn(
    *,
    conversation: Conversation,
    client_id: UUID,
    content: str | None = None,
    message_id: UUID | None = None,
    attachments: Sequence[UUID] = (),
) -> OpenedTurn | None:
    """Return the turn that the client_id has made, or `None`.

    Raises:
        ClientIdConflict: the content, its files or the message was different.
        NotFound: the reply was deleted.
    """
    rows = {row.role: row for row in _by_client_id.objects(conversation.pk, client_id)}
    reply = rows.get(Message.Role.ASSISTANT)
    if reply is None:
        return None
    asked = rows.get(Message.Role.USER)
    if (asked is None) != (content is None) or (asked is not None and asked.content != content):
        raise ClientIdConflict
    if asked is not None:
        add_files([asked])
        if [file.id for file in asked.files or ()] != [*attachments]:
            raise ClientIdConflict
    if reply.deleted_at is not None:
        raise NotFound("The reply to this message was deleted.")
    add_calls([reply])
    if message_id is not None and message_id != reply.parent_id:
        target = Message.objects.filter(id=message_id, conversation=conversation).first()
        if target is None or target.parent_id != reply.parent_id:
            raise ClientIdConflict
    return OpenedTurn(conversation, asked, reply, created=False)


def turn_context(
    *,
    conversation: Conversation,
    parent_id: UUID | None,
    parent_given: bool,
    regenerate: UUID | None,
    go_on: bool = False,
    author: User | None = None,
    attachments: Sequence[UUID] = (),
) -> TurnContext:
    """Return the parent of the next reply, and the messages before it. A continuation (`go_on`)
    is a child of the message, a regeneration its sibling. A parent that was deleted meanwhile
    stands for the nearest message above it.

    Raises:
        InvalidInput: `parent_id` is not a message of this conversation.
        NotFound: the message to regenerate is not in the conversation.
        FilesNotReady: a file of the new message is not ready.
    """
    if regenerate is not None:
        target = access.message(conversation.user, regenerate, conversation.id)
        below = go_on or target.role == Message.Role.USER
        parent_id = target.id if below else target.parent_id
        if parent_id is None or (not below and target.first_parent_id is not None):
            raise NotFound("There is no user message to reply to.")
    elif not parent_given:
        parent_id = conversation.head_id
    else:
        parent_id = _shown_or_above(conversation, parent_id)
    above = history.read(conversation, parent_id) if parent_id else history.History([])
    if above is None:
        raise InvalidInput(
            "parent_id: Message not found in this conversation.",
            fields={"parent_id": ["Message not found in this conversation."]},
        )
    files = file_selectors.sendable(user=author or conversation.user, ids=attachments)
    return TurnContext(
        conversation, parent_id, above.messages, above.older, files=files, runs=above.runs
    )


def more_history(*, context: TurnContext) -> TurnContext:
    """Return the context with a history that goes further back."""
    assert context.parent_id is not None  # noqa: S101 - else nothing is older
    reach = context.reach * history.FURTHER
    above = history.read(context.conversation, context.parent_id, reach) or history.History([])
    return replace(context, history=above.messages, older=above.older, reach=reach)


def _shown_or_above(conversation: Conversation, message_id: UUID | None) -> UUID | None:
    """Return the message, or the nearest above it if it is deleted."""
    deleted = Message.objects.filter(conversation=conversation, deleted_at__isnull=False)
    row = deleted.only("parent_id").filter(id=message_id).first() if message_id else None
    return row.parent_id if row else message_id


def opened_turn(*, reply_id: UUID) -> OpenedTurn:
    """Return the turn of a reply. Raises `NotFound`."""
    reply = (
        Message.shown.select_related("conversation")
        .filter(id=reply_id, role=Message.Role.ASSISTANT)
        .first()
    )
    if reply is None:
        raise NotFound("Message not found.")
    asked = None
    if reply.client_id is not None:
        asked = Message.shown.filter(
            conversation_id=reply.conversation_id,
            client_id=reply.client_id,
            role=Message.Role.USER,
        ).first()
    if asked is not None:
        add_files([asked])
    add_calls([reply])
    next_status = None
    if reply.tool_calls:
        below = Message.shown.filter(parent_id=reply.id, role=Message.Role.ASSISTANT)
        next_status = below.order_by("-created_at", "-id").values_list("status", flat=True).first()
    return OpenedTurn(reply.conversation, asked, reply, created=False, next_status=next_status)


def question(*, reply: Message) -> Message | None:
    """Return the nearest user message above a reply, with its files."""
    above = reply.parent
    while above is not None and above.role != Message.Role.USER:
        above = above.parent
    if above is not None:
        add_files([above])
    return above


def running_reply(*, conversation: Conversation) -> Message | None:
    """Return the open reply of the conversation, or `None`."""
    return Message.objects.filter(conversation=conversation, status__in=OPEN).first()
