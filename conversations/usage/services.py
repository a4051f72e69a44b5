"""Records what each reply cost when it ends. Sync."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from conversations.ids import new_id
from conversations.people.models import ApiKey
from conversations.statements import Insert, Statement
from conversations.threads.models import Message
from conversations.usage.models import UsageRecord

# The lock keeps the key from being deleted before the record is stored.
_HELD_KEY = (
    f"(SELECT id FROM {ApiKey._meta.db_table} WHERE id = %s"  # noqa: S608 - a name of our own
    f"{' FOR KEY SHARE' if connection.features.has_select_for_update else ''})"
)
_insert = Insert(UsageRecord, written={"key": _HELD_KEY})
# Estimate of characters per token, where the provider did not count.
CHARACTERS_A_TOKEN = 4


def record(
    *,
    user_id: UUID,
    key_id: UUID | None,
    model: str,
    provider: str,
    tokens: Mapping[str, Any],
    source: str,
    status: str,
    door: str,
    message_id: UUID | None = None,
) -> None:
    """Record what one reply cost, in the transaction that closes the reply, if there is one.

    `tokens` has `prompt`, `completion` and perhaps `cached`; `source` is `provider` or
    `estimated`; `door` is `socket`, `rest` or `v1`. A key that was revoked meanwhile is omitted.
    """
    prompt, completion = tokens["prompt"], tokens["completion"]
    _insert.row(
        id=new_id(),
        user_id=user_id,
        key_id=key_id,
        message_id=message_id,
        door=door,
        provider=provider,
        model=model,
        status=status,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=tokens.get("cached", 0),
        total_tokens=prompt + completion,
        source=source,
        created_at=timezone.now(),
    )


class ClosedReply(NamedTuple):
    """The cost of a closed reply by its row, and the owner of its conversation."""

    tokens: dict[str, Any] | None
    context: dict[str, Any] | None
    content: str
    reasoning: str
    author_id: UUID | None
    key_id: UUID | None
    model: str
    provider: str
    status: str
    door: str
    owner_id: UUID


_closed = Statement(
    lambda reply_id: (
        Message.objects.filter(id=reply_id)
        .order_by()
        .values_list(
            *("tokens", "context", "content", "reasoning", "author_id", "key_id", "model"),
            *("provider_used", "status", "door", "conversation__user_id"),
        )
    )
)


def record_reply(*, reply_id: UUID, reply: ClosedReply | None = None) -> ClosedReply:
    """Record what a stored reply cost, in the transaction that has just closed it. Estimates the
    tokens of a reply without counts, whose process died. Returns what its row says, which the
    process that made the reply knows (`reply`)."""
    if reply is None:
        [row] = _closed.rows(reply_id)
        reply = ClosedReply(*row)
    tokens = reply.tokens or {
        "prompt": (reply.context or {}).get("prompt_tokens", 0),
        "completion": (len(reply.content) + len(reply.reasoning)) // CHARACTERS_A_TOKEN,
        "source": "estimated",
    }
    record(
        # A server of the version before, on the same database, stores no author.
        user_id=reply.author_id or reply.owner_id,
        key_id=reply.key_id,
        model=reply.model,
        provider=reply.provider,
        tokens=tokens,
        source=tokens["source"],
        status=reply.status,
        door=reply.door,
        message_id=reply_id,
    )
    return reply
