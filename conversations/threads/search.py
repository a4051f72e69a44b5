"""Finds conversations by words in titles and messages, alike on SQLite and PostgreSQL.

`words.py` decides what is compared. The words of each title and of each complete message are an
entry (`SearchEntry`), over which SQLite has an FTS5 table and PostgreSQL a GIN index. Writing a
message makes no entry: a search first makes those that its user lacks, the upkeep those of the last
day, and each `migrate` all. So it does not matter which version of the server wrote a message, nor
how it came to its end.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Left
from django.utils import timezone

from conversations.people.models import User
from conversations.threads import words
from conversations.threads.models import OPEN, Conversation, Message, SearchEntry

# Most entries that one search reads, the newest first.
MOST_FOUND = 5000
# Conversations, and messages of them, that are in memory at a time while they are indexed.
CONVERSATIONS_AT_ONCE = 100
MESSAGES_AT_ONCE = 50
RECENT = timedelta(days=1)

_SHOWN = """conversation.user_id = %(user)s AND conversation.deleted_at IS NULL
    AND NOT conversation.temporary AND (entry.message_id IS NULL OR entry.message_id NOT IN (
        SELECT id FROM conversations_message WHERE deleted_at IS NOT NULL
    ))"""
MATCHING = "words @@ %(match)s::tsquery"
_POSTGRESQL = f"""
    SELECT entry.conversation_id, entry.message_id FROM conversations_searchentry AS entry
    JOIN conversations_conversation AS conversation ON conversation.id = entry.conversation_id
    WHERE {MATCHING} AND {_SHOWN}
    ORDER BY entry.id DESC LIMIT {MOST_FOUND}
"""  # noqa: S608 - the values are bound, the number is ours
_SQLITE = f"""
    SELECT entry.conversation_id, entry.message_id FROM search_words
    JOIN conversations_searchentry AS entry ON entry.id = search_words.rowid
    JOIN conversations_conversation AS conversation ON conversation.id = entry.conversation_id
    WHERE search_words MATCH %(match)s AND {_SHOWN}
    ORDER BY search_words.rowid DESC LIMIT {MOST_FOUND}
"""  # noqa: S608 - the values are bound, the number is ours


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a conversation matches: in its title, and in its newest message that does."""

    in_title: bool
    message_id: UUID | None


def hits(*, user: User, query: str) -> dict[UUID, Hit]:
    """Return the user's conversations whose title, or a message of which, has every word of
    `query`, or a word that begins with it."""
    beginnings = words.to_query(query)
    if not beginnings:
        return {}
    index(Conversation.objects.filter(user=user, deleted_at=None))
    owner: UUID | str = user.pk
    if connection.vendor == "sqlite":
        statement, owner = _SQLITE, user.pk.hex
        match = " ".join(f'"{beginning}"*' for beginning in beginnings)
    else:
        statement = _POSTGRESQL
        match = " & ".join(f"'{beginning}':*" for beginning in beginnings)
    with connection.cursor() as cursor:
        cursor.execute(statement, {"match": match, "user": owner})
        rows = cursor.fetchall()
    hits: dict[UUID, Hit] = {}
    for conversation, message in rows:
        key, message_id = _uuid(conversation), message and _uuid(message)
        before = hits.get(key, Hit(in_title=False, message_id=None))
        in_title = before.in_title or message_id is None
        ids = [one for one in (before.message_id, message_id) if one is not None]
        hits[key] = Hit(in_title, max(ids, default=None))  # ids sort by time
    return hits


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def index(conversations: QuerySet[Conversation], *, using: str = DEFAULT_DB_ALIAS) -> int:
    """Make the entries that these conversations lack, but for temporary ones. Returns for how many
    it did.

    What was made stays when it is cancelled, and two that index the same do not disturb each
    other.
    """
    complete = SearchEntry.objects.filter(
        conversation=OuterRef("pk"), message=None, as_of=OuterRef("updated_at")
    )
    stale = conversations.using(using).filter(~Exists(complete), temporary=False).order_by()
    ids = list(stale.values_list("id", flat=True))
    for start in range(0, len(ids), CONVERSATIONS_AT_ONCE):
        _index(ids[start : start + CONVERSATIONS_AT_ONCE], using)
    return len(ids)


def _index(ids: Sequence[UUID], using: str) -> None:
    # The state of a conversation is read before its messages: what comes later makes it stale.
    # A reply that runs ends without a change of `updated_at`.
    running = Message.objects.filter(conversation=OuterRef("pk"), status__in=OPEN)
    rows = Conversation.objects.using(using).filter(id__in=ids).annotate(open=Exists(running))
    state = list(rows.order_by().values_list("id", "title", "updated_at", "open"))
    entries = SearchEntry.objects.using(using)
    lacking = (
        Message.objects.using(using)
        .filter(conversation__in=ids, completed_at__isnull=False)
        .exclude(content="")
        .filter(~Exists(SearchEntry.objects.filter(message=OuterRef("pk"))))
        .order_by("id")
    )
    message_ids = list(lacking.values_list("id", flat=True))
    for start in range(0, len(message_ids), MESSAGES_AT_ONCE):
        some = Message.objects.using(using).filter(
            id__in=message_ids[start : start + MESSAGES_AT_ONCE]
        )
        messages = some.order_by("id").values_list(
            "id", "conversation_id", Left("content", words.MOST_CHARACTERS)
        )
        entries.bulk_create(
            [
                SearchEntry(message_id=key, conversation_id=chat, words=words.to_index(content))
                for key, chat, content in messages
            ],
            ignore_conflicts=True,
        )
    titles = [
        SearchEntry(
            conversation_id=key, words=words.to_index(title), as_of=None if is_open else moment
        )
        for key, title, moment, is_open in state
    ]
    with transaction.atomic(using=using):
        before = entries.filter(conversation__in=ids, message=None)
        # In one order, so that two that do this do not wait for each other.
        list(before.order_by("id").select_for_update().values_list("id"))
        before.delete()
        entries.bulk_create(titles, ignore_conflicts=True)


def index_recent() -> None:
    """Make the entries that recent messages lack, so that the next search need not."""
    index(Conversation.objects.filter(updated_at__gte=timezone.now() - RECENT))


def index_all(using: str) -> int:
    """Make all entries that are lacking, and remove those of rows that the version before purged.
    Returns for how many conversations it made some; 0 before there is a table for them."""
    if SearchEntry._meta.db_table not in connections[using].introspection.table_names():
        return 0
    gone = ~Exists(Conversation.objects.filter(pk=OuterRef("conversation_id"))) | (
        Q(message__isnull=False) & ~Exists(Message.objects.filter(pk=OuterRef("message_id")))
    )
    SearchEntry.objects.using(using).filter(gone).delete()
    return index(Conversation.objects.all(), using=using)


def forget(messages: QuerySet[Message]) -> None:
    """Remove the entries of messages whose text is about to be erased."""
    SearchEntry.objects.filter(message__in=messages).delete()
    ids = [key.hex for key in messages.values_list("id", flat=True)]
    if ids and connection.vendor == "sqlite":
        # The index of the version before, which a later release drops.
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM message_search WHERE message_id IN (SELECT value FROM json_each(%s))",
                [json.dumps(ids)],
            )
