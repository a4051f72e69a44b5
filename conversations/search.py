"""Finding conversations by their titles and by what was said in them.

SQLite has an index of words (FTS5, kept by triggers: migration 0003); elsewhere the text is
looked through.
"""

import re
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from conversations.models import Conversation, Message, User

# Conversations that one search looks at, the best first; a person refines long before.
MOST_FOUND = 500
WORDS_AROUND = 14


def find(found: QuerySet[Conversation], *, user: User, query: str) -> QuerySet[Conversation]:
    """Those of the user's conversations `found` whose title or messages have every word of
    `query`; a word may be the beginning of one."""
    return found.filter(
        Q(title__icontains=query) | Q(id__in=list(snippets(user=user, query=query)))
    )


def snippets(*, user: User, query: str) -> dict[UUID, str]:
    """A piece of text around the first match in each of the user's conversations."""
    words = re.findall(r"\w+", query)
    if not words:
        return {}
    if connection.vendor == "sqlite":
        return _indexed(user, words)
    rows = Message.objects.filter(conversation__user=user, content__icontains=query)
    pieces = rows.values_list("conversation_id", "content")[:MOST_FOUND]
    return {conversation: _around(content, query) for conversation, content in pieces}


def _indexed(user: User, words: list[str]) -> dict[UUID, str]:
    match = " ".join(f'"{word}"*' for word in words)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT conversation_id, snippet(message_search, 0, '', '', '…', {WORDS_AROUND})
            FROM message_search
            WHERE message_search MATCH %s AND conversation_id IN (
                SELECT id FROM conversations_conversation
                WHERE user_id = %s AND deleted_at IS NULL
            )
            ORDER BY rank LIMIT {MOST_FOUND}
            """,  # noqa: S608 - the values are bound, the numbers are ours
            [match, user.pk.hex],
        )
        found: dict[UUID, str] = {}
        for conversation, snippet in cursor.fetchall():
            found.setdefault(UUID(conversation), snippet)
        return found


def _around(content: str, query: str) -> str:
    position = max(content.casefold().find(query.casefold()), 0)
    start, end = max(0, position - 40), position + 80
    return ("…" if start else "") + content[start:end] + ("…" if end < len(content) else "")


def forget_purged() -> None:
    """Remove what the index holds of messages that are gone."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM message_search "
                "WHERE message_id NOT IN (SELECT id FROM conversations_message)"
            )
