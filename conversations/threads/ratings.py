"""Ratings of replies by people. Sync."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from conversations.errors import InvalidInput
from conversations.people.models import User
from conversations.threads.models import OPEN, Message, Rating


def rate(*, message: Message, user: User, value: int, comment: str) -> None:
    """Keep the user's rating of a reply in place of an older one; 0 takes it back.

    Raises:
        InvalidInput: the message is no reply, or is in progress.
    """
    if message.role != Message.Role.ASSISTANT or message.status in OPEN:
        sentence = "Only a reply that has ended can be rated."
        raise InvalidInput(sentence, fields={"value": [sentence]})
    with transaction.atomic():
        if not value:
            Rating.objects.filter(message=message, user=user).delete()
            return
        fields = {
            "value": value,
            "comment": comment,
            "provider": message.provider_used,
            "model": message.model,
        }
        Rating.objects.update_or_create(message=message, user=user, defaults=fields)


def add(messages: Iterable[Message], user: User) -> None:
    """Set the `rating` of each message: that of the user."""
    rows = {message.id: message for message in messages}
    for rating in Rating.objects.filter(user=user, message_id__in=list(rows)):
        if rating.message_id is not None:
            rows[rating.message_id].rating = rating


def by_model(ratings: QuerySet[Rating]) -> list[dict[str, Any]]:
    """Return how many good and bad ratings each model has, those with the most first."""
    rows = ratings.order_by().values("provider", "model")
    good, bad = Count("pk", filter=Q(value=1)), Count("pk", filter=Q(value=-1))
    counted = rows.annotate(good=good, bad=bad, count=Count("pk"))
    return list(counted.order_by("-count", "provider", "model"))
