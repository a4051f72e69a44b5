"""All accounts, for staff. Sync, keyword-only."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from conversations.errors import Conflict, InvalidInput, NotFound
from conversations.notices import notify
from conversations.people import services
from conversations.people.models import ApiKey, User
from conversations.push import services as push


def people() -> QuerySet[User]:
    """Return all accounts, the newest first, each with the moment when it was last seen."""
    used = ApiKey.objects.filter(user=OuterRef("pk")).order_by().values("user")
    key_used = Subquery(used.annotate(last=Max("last_used_at")).values("last"))
    rows = User.objects.annotate(key_used=key_used)
    return rows.order_by("-date_joined", "-id")


def person(user_id: UUID) -> User:
    """Return one account. Raises `NotFound`."""
    row = people().filter(pk=user_id).first()
    if row is None:
        raise NotFound("Account not found.")
    return row


def change(*, actor: User, user: User, changes: Mapping[str, Any]) -> None:
    """Change `is_active` (which approves an account that waits), `is_staff`, or limits. What runs
    with a deactivated account ends within seconds.

    Raises:
        StaffOnly: it is an account of staff, or is to become one, and the actor is not the owner.
        InvalidInput: nobody deactivates or demotes themselves or an owner.
    """
    if user.is_staff or changes.get("is_staff"):
        services.require_owner(actor)
    for name in ("is_active", "is_staff"):
        if changes.get(name) is False and (user.is_superuser or user.pk == actor.pk):
            sentence = _("Neither your own account nor an owner's.")
            raise InvalidInput(f"{name}: {sentence}", fields={name: [sentence]})
    values = dict(changes)
    if "is_active" in values:
        values["awaits_approval"] = False
    if not values:
        return
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(**values)
        if values.get("is_active") is False:
            push.forget_person(user_id=user.pk)
        transaction.on_commit(partial(notify().credentials_changed, user.pk))


def refuse(*, user: User) -> None:
    """Delete an account that waits for approval. Raises `Conflict` for any other."""
    removed, _rows = User.objects.filter(pk=user.pk, awaits_approval=True).delete()
    if not removed:
        raise Conflict(_("Only an account that waits for approval can be deleted. Deactivate it."))
