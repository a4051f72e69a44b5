"""Sums of what replies cost: by day and model, by user. Sync."""

from datetime import UTC, date, datetime, time
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from conversations.usage.models import UsageRecord

# --- Sums -------------------------------------------------------------------------------------

FIGURES = {
    "requests": Count("pk"),
    "prompt": Sum("prompt_tokens", default=0),
    "completion": Sum("completion_tokens", default=0),
    "cached": Sum("cached_tokens", default=0),
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
