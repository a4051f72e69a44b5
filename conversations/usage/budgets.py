"""Limits and token budgets of a caller."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db.models import Q, Sum
from django.utils import timezone

from conversations.errors import BudgetSpent, NotAuthenticated
from conversations.people import keys
from conversations.people import services as people
from conversations.people.models import ApiKey, User

# --- What one may ask for ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bound:
    """At most `most` (0: no limit), counted under `subject`."""

    subject: str
    most: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a caller: requests per minute, and concurrent replies."""

    a_minute: Bound
    at_once: Bound


def bounds(*, user: User, key: ApiKey | None) -> Bounds:
    """Return the limits of a caller. A key with a limit of its own is counted separately.

    Raises:
        NotAuthenticated: the account was closed, or the key was revoked or has expired.
        MissingScope: the key may not chat any more.
        BudgetSpent: the tokens of the day or the month are used up.
    """
    user, key = current(user=user, key=key)
    return bounds_of(user=user, key=key)


def current(*, user: User, key: ApiKey | None) -> tuple[User, ApiKey | None]:
    """Return a caller's account and key as they are now. Raises `NotAuthenticated`: the account
    was closed, or the key was revoked or has expired."""
    if key is not None and (key := keys.current(key)) is None:
        raise NotAuthenticated("This API key is no longer valid.")
    now = key.user if key is not None else people.current(user)
    if now is None or not now.is_active:
        raise NotAuthenticated("This account is closed.")
    return now, key


def has_budget(*, user: User, key: ApiKey | None) -> bool:
    """Return whether tokens are counted for the caller: then `bounds_of` reads the database."""
    return any(
        owner.tokens_per_day or owner.tokens_per_month for owner in (user, key) if owner is not None
    )


def bounds_of(*, user: User, key: ApiKey | None) -> Bounds:
    """`bounds` of a caller that has just been read."""
    keys.require(key, "chat")
    _check_budgets(user, "Your")
    if key is not None:
        _check_budgets(key, "This API key's")
    return Bounds(
        _bound(user, key, "requests_per_minute", settings.CHAT_REQUESTS_PER_MINUTE),
        _bound(user, key, "concurrent_requests", settings.CHAT_CONCURRENT_REQUESTS),
    )


def _bound(user: User, key: ApiKey | None, name: str, usual: int) -> Bound:
    if key is not None and (own := getattr(key, name)) is not None:
        return Bound(f"key:{key.pk}", own)
    own = getattr(user, name)
    return Bound(f"user:{user.pk}", usual if own is None else own)


def _check_budgets(owner: User | ApiKey, whose: str) -> None:
    """Raise `BudgetSpent` when a budget is used up. A reply counts when it ends, so replies in
    progress may exceed the budget."""
    if not (owner.tokens_per_day or owner.tokens_per_month):
        return
    now = timezone.now()
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    month = today.replace(day=1)
    sums = owner.usage.filter(created_at__gte=month).aggregate(
        day=Sum("total_tokens", filter=Q(created_at__gte=today)), month=Sum("total_tokens")
    )
    next_month = (month + timedelta(days=32)).replace(day=1)
    for name, most, until in (
        ("month", owner.tokens_per_month, next_month),
        ("day", owner.tokens_per_day, today + timedelta(days=1)),
    ):
        if most and (sums[name] or 0) >= most:
            raise BudgetSpent(
                f"{whose} budget of {most:,} tokens for this {name} is used up. "
                f"It resets on {until:%d %B %Y, %H:%M} UTC.",
                retry_after=(until - now).total_seconds(),
            )
