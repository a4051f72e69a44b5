"""Finds conversations by words in titles and messages.

Both databases index words: SQLite in an FTS5 table that triggers fill (migration 0003),
PostgreSQL in a GIN index over `message_words(content)` (migration 0007). Both ignore case,
accents and punctuation, and index a message once it is complete.
"""

import re
from importlib import import_module
from uuid import UUID

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q, QuerySet

from conversations.people.models import User
from conversations.threads.models import Conversation

# Most matches of one search: the best in SQLite, the newest in PostgreSQL.
MOST_FOUND = 500
WORDS_AROUND = 14
# PostgreSQL takes the snippet from this many characters at the start of a message.
SNIPPET_FROM = 20_000

_SQLITE = f"""
    SELECT conversation_id, snippet(message_search, 0, '', '', '…', {WORDS_AROUND})
    FROM message_search
    WHERE message_search MATCH %(match)s AND conversation_id IN (
        SELECT id FROM conversations_conversation
        WHERE user_id = %(user)s AND deleted_at IS NULL AND NOT temporary
    ) AND message_id NOT IN (
        SELECT id FROM conversations_message WHERE deleted_at IS NOT NULL
    )
    ORDER BY rank LIMIT {MOST_FOUND}
"""  # noqa: S608 - the values are bound, the numbers are ours
# The expression of the index, exactly: otherwise PostgreSQL does not use it.
MATCHING = (
    "message_words(content) @@ to_tsquery('message_words', %(match)s) AND completed_at IS NOT NULL"
)
_POSTGRESQL = f"""
    SELECT conversation_id,
        CASE WHEN starts_with(content, piece) THEN '' ELSE '…' END || piece
        || CASE WHEN right(content, length(piece)) = piece THEN '' ELSE '…' END
    FROM (
        SELECT conversation_id, content, created_at, ts_headline(
            'message_words', left(content, {SNIPPET_FROM}), to_tsquery('message_words', %(match)s),
            'StartSel="", StopSel="", MinWords=7, MaxWords={WORDS_AROUND}'
        ) AS piece
        FROM (
            SELECT conversation_id, content, created_at FROM conversations_message
            WHERE {MATCHING} AND deleted_at IS NULL AND conversation_id IN (
                SELECT id FROM conversations_conversation
                WHERE user_id = %(user)s AND deleted_at IS NULL AND NOT temporary
            )
            ORDER BY created_at DESC LIMIT {MOST_FOUND}
        ) AS matching
    ) AS pieces
    ORDER BY created_at DESC
"""  # noqa: S608 - the values are bound, the numbers are ours


def find(rows: QuerySet[Conversation], *, user: User, query: str) -> QuerySet[Conversation]:
    """Filter the user's conversations to those whose title or messages have every word of
    `query`, or a word that begins with it."""
    query = query.replace("\0", "\ufffd")  # no database holds a NUL
    return rows.filter(Q(title__icontains=query) | Q(id__in=list(snippets(user=user, query=query))))


def snippets(*, user: User, query: str) -> dict[UUID, str]:
    """Return a piece of text around a match, for each conversation of the user with one."""
    # PostgreSQL splits words at underscores.
    words = re.findall(r"[^\W_]+", query)
    if not words:
        return {}
    values: dict[str, str | UUID]
    if connection.vendor == "sqlite":
        values = {"match": " ".join(f'"{word}"*' for word in words), "user": user.pk.hex}
    else:
        values = {"match": " & ".join(f"'{word}':*" for word in words), "user": user.pk}
    found: dict[UUID, str] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SQLITE if connection.vendor == "sqlite" else _POSTGRESQL, values)
        for conversation, piece in cursor.fetchall():
            found.setdefault(UUID(str(conversation)), piece)
    return found


def restore_triggers(database: BaseDatabaseWrapper) -> None:
    """Create the triggers of SQLite's index if they are missing, and index the messages since."""
    if database.vendor != "sqlite":
        return
    created = import_module("conversations.migrations.0003_message_search").CREATE
    triggers = [statement for statement in created if "CREATE TRIGGER" in statement]
    with database.cursor() as cursor:
        names = "name IN ('message_search', 'message_search_made', 'message_search_completed')"
        cursor.execute(f"SELECT name FROM sqlite_master WHERE {names}")  # noqa: S608
        there = {name for (name,) in cursor.fetchall()}
        if there != {"message_search"}:
            return  # complete, or before the migration that creates them
        for statement in triggers:
            cursor.execute(statement)
        cursor.execute(
            "INSERT INTO message_search (text, message_id, conversation_id) "
            "SELECT content, id, conversation_id FROM conversations_message "
            "WHERE completed_at IS NOT NULL AND content <> '' "
            "AND id NOT IN (SELECT message_id FROM message_search)"
        )


def forget_purged() -> None:
    """Remove purged and erased messages from SQLite's index. PostgreSQL does so by itself."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM message_search "
                "WHERE message_id NOT IN (SELECT id FROM conversations_message WHERE content <> '')"
            )
