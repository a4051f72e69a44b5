"""Every read and write of the library. Sync, keyword-only, one transaction each."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from conversations.errors import Conflict, NotFound
from conversations.library.models import Entry, Preset, Prompt
from conversations.people.models import User

# Prompts, and presets, of one person.
MOST_ENTRIES = 200
# What everybody begins with, by its name in the API.
STARTERS = {
    "explain": (
        _noop("Explain an idea"),
        _noop("Explain how a hash table works to someone who only knows arrays."),
    ),
    "code": (
        _noop("Write some code"),
        _noop(
            "Write a Python function that groups words by their anagram, and show how to call it."
        ),
    ),
    "shorten": (_noop("Polish your writing"), _noop("Make this clearer and half as long:")),
    "compare": (
        _noop("Compare options"),
        _noop("Compare SQLite and PostgreSQL for a small team, as a table."),
    ),
}

Named = TypeVar("Named", bound=Entry)


class LibraryFull(Conflict):
    code = "library_full"
    message = f"The library is full: at most {MOST_ENTRIES} of each kind. Delete one first."


def prompts(*, user: User) -> QuerySet[Prompt]:
    """Return the user's prompts, oldest first; the starters, once, to who never had any."""
    with transaction.atomic():
        if User.objects.filter(pk=user.pk, has_starters=False).update(has_starters=True):
            # One after the other: their ids put them in order.
            for starter, (name, text) in STARTERS.items():
                Prompt.objects.create(user=user, name=name, text=text, starter=starter)
    return Prompt.objects.filter(user=user)


def first_prompts(*, user: User, count: int) -> list[dict[str, str]]:
    """Return the first prompts of the user, the starters in the language that is active."""
    return [
        {"name": _(row.name), "text": _(row.text)}
        if row.starter
        else {"name": row.name, "text": row.text}
        for row in prompts(user=user)[:count]
    ]


def presets(*, user: User) -> QuerySet[Preset]:
    """Return the user's presets, oldest first."""
    return Preset.objects.filter(user=user)


def owned(kind: type[Named], user: User, entry_id: UUID) -> Named:
    """Return an entry of the user. Raises `NotFound`, for another user's, too."""
    row = kind._default_manager.filter(user=user, id=entry_id).first()
    if row is None:
        raise NotFound(f"{kind.__name__} not found.")
    return row


def create(kind: type[Named], *, user: User, **fields: Any) -> Named:
    """Keep an entry. Raises `LibraryFull`."""
    with transaction.atomic():
        # Locks the account: two at the same time could both take the last place.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if kind._default_manager.filter(user=user).count() >= MOST_ENTRIES:
            raise LibraryFull
        return kind._default_manager.create(user=user, **fields)


def update(*, entry: Named, changes: Mapping[str, Any]) -> Named:
    """Change the name or the content of an entry."""
    if isinstance(entry, Prompt):
        changes = {**changes, "starter": ""}
    for name, value in changes.items():
        setattr(entry, name, value)
    entry.updated_at = timezone.now()
    entry.save(update_fields=[*changes, "updated_at"])
    return entry
