"""What replies cost: recorded when each ends, summed for people, budgets and the admin. Sync."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from conversations.errors import BudgetSpent, NotAuthenticated
from conversations.models import ApiKey, Message, UsageRecord, User

# Characters of text to a token, where the provider did not count.
CHARACTERS_A_TOKEN = 4


def record(
    *,
    user: User,
    key: ApiKey | None,
    model: str,
    provider: str,
    tokens: Mapping[str, Any],
    source: str,
    status: str,
    door: str,
    message: Message | None = None,
) -> UsageRecord:
    """Write down what one reply cost. `tokens` has `prompt` and `completion`, `source` is
    `provider` or `estimated`, `door` is `socket`, `rest` or `v1`. A key that was revoked in the
    meantime is left out. Call it in the transaction that closes the reply, if there is one."""
    prompt, completion = tokens["prompt"], tokens["completion"]
    with transaction.atomic():
        # Held until the end, so that the key cannot go between the look and the write.
        held = ApiKey.objects.select_for_update().filter(pk=key.pk).first() if key else None
        return UsageRecord.objects.create(
            user=user,
            key=held,
            message=message,
            door=door,
            provider=provider,
            model=model,
            status=status,
            prompt_tokens=prompt,
            completion_tokens=completion,
            total_tokens=prompt + completion,
            source=source,
        )


def record_reply(*, reply_id: UUID) -> None:
    """Write down what a stored reply cost, in the transaction that has just closed it. Without
    counts in its row (its process died) they are estimated from what there is."""
    reply = Message.objects.select_related("conversation__user", "key").get(id=reply_id)
    tokens = reply.tokens or {
        "prompt": (reply.context or {}).get("prompt_tokens", 0),
        "completion": (len(reply.content) + len(reply.reasoning)) // CHARACTERS_A_TOKEN,
        "source": "estimated",
    }
    record(
        user=reply.conversation.user,
        key=reply.key,
        model=reply.model,
        provider=reply.provider_used,
        tokens=tokens,
        source=tokens["source"],
        status=reply.status,
        door=reply.door,
        message=reply,
    )


# --- What one may ask for ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bound:
    """So many at most (0: any number), counted together under `subject`."""

    subject: str
    most: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a caller may have: requests a minute, and replies at once."""

    a_minute: Bound
    at_once: Bound


def bounds(*, user: User, key: ApiKey | None) -> Bounds:
    """What a caller may have at this moment; a key with a limit of its own is counted by itself.

    Raises:
        NotAuthenticated: the key was revoked or has expired.
        BudgetSpent: the tokens of the day or the month are used up.
    """
    user = User.objects.get(pk=user.pk)
    if key is not None:
        current = ApiKey.objects.filter(pk=key.pk).first()
        if current is None or (current.expires_at and current.expires_at <= timezone.now()):
            raise NotAuthenticated
        key = current
    _check_budgets(user.usage.all(), user, "")
    if key is not None:
        _check_budgets(key.usage.all(), key, " of this API key")
    return Bounds(
        _bound(user, key, "requests_per_minute", settings.CHAT_REQUESTS_PER_MINUTE),
        _bound(user, key, "concurrent_requests", settings.CHAT_CONCURRENT_REQUESTS),
    )


def _bound(user: User, key: ApiKey | None, name: str, usual: int) -> Bound:
    if key is not None and (own := getattr(key, name)) is not None:
        return Bound(f"key:{key.pk}", own)
    own = getattr(user, name)
    return Bound(f"user:{user.pk}", usual if own is None else own)


def _check_budgets(spent: QuerySet[UsageRecord], owner: User | ApiKey, whose: str) -> None:
    """Raise `BudgetSpent` when a budget is used up. Replies that run at this moment count when
    they end, so the last ones may go over it."""
    if not (owner.tokens_per_day or owner.tokens_per_month):
        return
    now = timezone.now()
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    month = today.replace(day=1)
    sums = spent.filter(created_at__gte=month).aggregate(
        day=Sum("total_tokens", filter=Q(created_at__gte=today)), month=Sum("total_tokens")
    )
    next_month = (month + timedelta(days=32)).replace(day=1)
    for name, most, until in (
        ("month", owner.tokens_per_month, next_month),
        ("day", owner.tokens_per_day, today + timedelta(days=1)),
    ):
        if most and (sums[name] or 0) >= most:
            raise BudgetSpent(
                f"The {most:,} tokens{whose} for this {name} are used up. "
                f"There are new ones from {until:%d %B %Y, %H:%M} UTC.",
                retry_after=(until - now).total_seconds(),
            )


# --- Sums -------------------------------------------------------------------------------------

FIGURES = {
    "requests": Count("pk"),
    "prompt": Sum("prompt_tokens", default=0),
    "completion": Sum("completion_tokens", default=0),
    "total": Sum("total_tokens", default=0),
    "estimated": Count("pk", filter=Q(source="estimated")),
}


def between(
    found: QuerySet[UsageRecord], first: date | None, last: date | None
) -> QuerySet[UsageRecord]:
    """Those from the start of `first` to the end of `last`, days in UTC."""
    if first is not None:
        found = found.filter(created_at__gte=datetime.combine(first, time(), UTC))
    if last is not None:
        found = found.filter(created_at__lte=datetime.combine(last, time.max, UTC))
    return found


def by_day_and_model(found: QuerySet[UsageRecord]) -> list[dict[str, Any]]:
    """A row for each day and model, newest day first, with the figures of both."""
    return list(
        found.order_by()
        .annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values("day", "provider", "model")
        .annotate(**FIGURES)
        .order_by("-day", "provider", "model")
    )


def by_user(found: QuerySet[UsageRecord]) -> list[dict[str, Any]]:
    """A row for each user, the busiest first, with `user__username` and the figures."""
    rows = found.order_by().values("user__username").annotate(**FIGURES)
    return list(rows.order_by("-total", "user__username"))


def totals(found: QuerySet[UsageRecord]) -> dict[str, int]:
    """The figures of all of them."""
    return found.order_by().aggregate(**FIGURES)
