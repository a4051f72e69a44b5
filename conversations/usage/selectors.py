"""Sums usage records by day, model and user. Sync."""

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
    records: QuerySet[UsageRecord], first: date | None, last: date | None
) -> QuerySet[UsageRecord]:
    """Filter the records to the days from `first` to `last`, in UTC."""
    if first is not None:
        records = records.filter(created_at__gte=datetime.combine(first, time(), UTC))
    if last is not None:
        records = records.filter(created_at__lte=datetime.combine(last, time.max, UTC))
    return records


def by_day_and_model(records: QuerySet[UsageRecord]) -> list[dict[str, Any]]:
    """Return the sums for each day and model, newest day first."""
    return list(
        records.order_by()
        .annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values("day", "provider", "model")
        .annotate(**FIGURES)
        .order_by("-day", "provider", "model")
    )


def by_user(records: QuerySet[UsageRecord]) -> list[dict[str, Any]]:
    """Return the sums for each user (`user__username`), most tokens first."""
    rows = records.order_by().values("user__username").annotate(**FIGURES)
    return list(rows.order_by("-total", "user__username"))


def totals(records: QuerySet[UsageRecord]) -> dict[str, int]:
    """Return the sums of all records."""
    return records.order_by().aggregate(**FIGURES)
