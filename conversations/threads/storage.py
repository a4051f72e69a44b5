"""How many bytes the texts of a person take, and how many they may.

`User.storage_bytes` is a running count: each service that stores or removes texts changes it, last
in its own transaction. It is never summed up on the way, but before somebody is refused
(`services.require_room`).
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import BigIntegerField, F, Func, QuerySet, Sum, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from conversations.errors import CacheAway
from conversations.files import selectors as files
from conversations.people.models import User
from conversations.statements import Statement, changed
from conversations.threads.models import Conversation, Message, QueuedMessage
from conversations.tools.models import ToolCall

# What a conversation and a message cost beside their text, so that empty ones are bounded, too.
CONVERSATION: Final = 1024
MESSAGE: Final = 512
# Seconds between two counts of the texts of one person.
COUNT_AGAIN: Final = 60

_used = Statement(
    lambda user_id: (
        User.objects.filter(pk=user_id)
        .order_by()
        .annotate(file_bytes=files.bytes_of_owner("pk"))
        .values_list("storage_bytes", "file_bytes")
    )
)
# Written by hand, as each turn does it twice. Never below 0.
_ADD = (
    f"UPDATE {User._meta.db_table} SET storage_bytes = "  # noqa: S608 - a name of our own
    "CASE WHEN storage_bytes + %s > 0 THEN storage_bytes + %s ELSE 0 END WHERE id = %s"
)


class Bytes(Func):
    """The length of a text in UTF-8."""

    function = "OCTET_LENGTH"
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "LENGTH(CAST(%(expressions)s AS BLOB))"
        return self.as_sql(compiler, connection, template=template, **context)


def quota() -> int | None:
    """Return the bytes that a person may have; `None` without a limit."""
    return settings.CHAT_STORAGE_MB * 1024 * 1024 or None


def text_bytes(*texts: str | None) -> int:
    """Return the bytes of texts in UTF-8."""
    return sum(len((text or "").encode("utf-8", "surrogatepass")) for text in texts)


def add(*, user_id: UUID, size: int) -> None:
    """Count `size` bytes more, or less. Call it last in the transaction that stores them: it locks
    the account. What that transaction has locked before is locked with `no_key`: a transaction that
    has the account, and refers to such a row, would wait for it when it commits, and each for the
    other."""
    if size:
        native = connection.features.has_native_uuid_field
        changed(_ADD, [size, size, user_id if native else user_id.hex])


def used(*, user_id: UUID) -> int:
    """Return the bytes of a person's texts and files."""
    [(texts, in_files)] = _used.rows(user_id)
    return int(texts + in_files)


def has_room(*, user_id: UUID, size: int) -> bool:
    """Tell whether the person may store `size` bytes more."""
    most = quota()
    return most is None or used(user_id=user_id) + size <= most


def count_again(*, user_id: UUID) -> None:
    """Correct the running count; at most once in a while, since it reads every text."""
    try:
        if not cache.add(f"storage:{user_id.hex}", 1, COUNT_AGAIN):
            return
    except CacheAway:
        return
    User.objects.filter(pk=user_id).update(storage_bytes=counted(user_ids=[user_id])[user_id])


def count_all() -> None:
    """Count the texts of everybody anew."""
    people = list(User.objects.values_list("pk", flat=True))
    for user_id, size in counted(user_ids=people).items():
        User.objects.filter(pk=user_id).update(storage_bytes=size)


def counted(*, user_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return the bytes of all texts of people. Reads each of their texts."""
    wanted = list(user_ids)
    sizes = by_owner(Conversation.objects.filter(user__in=wanted))
    return dict.fromkeys(wanted, 0) | sizes


def sizes_of_texts(message_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return the bytes of the texts of each of these messages."""
    rows = Message.objects.filter(id__in=list(message_ids)).order_by()
    size = Bytes(F("content")) + Bytes(F("reasoning"))
    return dict(rows.annotate(size=size).values_list("id", "size"))


def texts_by_owner(messages: QuerySet[Message]) -> dict[UUID, int]:
    """Return the bytes of the texts alone of messages, by the owners of their conversations."""
    rows = messages.order_by().values("conversation__user")
    sums = rows.annotate(size=Sum(Bytes(F("content")) + Bytes(F("reasoning"))))
    return dict(sums.order_by("conversation__user").values_list("conversation__user", "size"))


def by_owner(conversations: QuerySet[Conversation]) -> dict[UUID, int]:
    """Return the bytes of conversations by their owners. Reads each of their texts."""
    inside = {"conversation__in": conversations.order_by().values("pk")}
    messages = Message.objects.filter(**inside).order_by()
    queued = QueuedMessage.objects.filter(**inside).order_by()
    sizes = Counter(sizes_of(conversations.order_by(), messages, queued))
    calls = ToolCall.objects.filter(message__conversation__in=inside["conversation__in"]).order_by()
    owner = "message__conversation__user"
    sizes.update(dict(calls.values(owner).annotate(sum=Sum("size")).values_list(owner, "sum")))
    return dict(sorted(sizes.items()))


def sizes_of(
    conversations: QuerySet[Any], messages: QuerySet[Any], queued: QuerySet[Any]
) -> dict[UUID, int]:
    """Return the bytes of these rows by the owners of their conversations, in the order of ids."""
    sizes: Counter[UUID] = Counter()
    prompt = KeyTextTransform("system_prompt", "settings")
    for rows, owner, row_bytes, *texts in (
        (conversations, "user", CONVERSATION, prompt),
        (messages, "conversation__user", MESSAGE, F("content"), F("reasoning")),
        (queued, "conversation__user", MESSAGE, F("content")),
    ):
        size: Any = Value(row_bytes, output_field=BigIntegerField())
        for text in texts:
            size += Coalesce(Bytes(text), Value(0))
        sizes.update(dict(rows.values(owner).annotate(size=Sum(size)).values_list(owner, "size")))
    return {user_id: int(size) for user_id, size in sorted(sizes.items())}
