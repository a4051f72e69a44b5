"""Links that make an account, and links that set a new password. Sync, keyword-only."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _

from conversations.errors import Conflict, InvalidInput, NotFound
from conversations.people import services
from conversations.people.models import Invitation, User

# Days that an invitation holds.
USUAL_DAYS: Final = 7
MOST_DAYS: Final = 30
# Invitations that are open at a time, and accounts that wait for approval.
MOST_OPEN: Final = 100


# --- Invitations ------------------------------------------------------------------------------


def open_invitations() -> QuerySet[Invitation]:
    """Return those that can be accepted, newest first."""
    return Invitation.objects.filter(used_at=None, expires_at__gt=timezone.now())


def invite(
    *, inviter: User, name: str = "", is_staff: bool = False, days: int = USUAL_DAYS
) -> tuple[Invitation, str]:
    """Make an invitation. Returns it with its secret, which is stored only as a hash.

    Raises:
        StaffOnly: only the owner invites staff.
        Conflict: too many are open.
    """
    if is_staff:
        services.require_owner(inviter)
    if open_invitations().count() >= MOST_OPEN:
        raise Conflict(
            _("%(most)s invitations are open. Withdraw one first.") % {"most": MOST_OPEN}
        )
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    Invitation.objects.filter(expires_at__lt=now).delete()
    row = Invitation.objects.create(
        digest=_digest(secret),
        name=name,
        is_staff=is_staff,
        invited_by=inviter,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    return row, secret


def withdraw(*, invitation_id: UUID) -> None:
    """End an invitation. Raises `NotFound`."""
    removed, _rows = open_invitations().filter(id=invitation_id).delete()
    if not removed:
        raise NotFound("Invitation not found.")


def find(*, secret: str) -> Invitation:
    """Return the open invitation with this secret. Raises `NotFound`."""
    row = open_invitations().filter(digest=_digest(secret)).first()
    if row is None:
        raise NotFound("Invitation not found.")
    return row


def accept(*, secret: str, username: str, password: str) -> User:
    """Make the account of an invitation, which is used up then.

    Raises:
        NotFound: it is used or over, or there is none.
        InvalidInput: the name or the password is invalid; the invitation stays open.
    """
    row = find(secret=secret)
    with transaction.atomic():
        # Of several at once one changes the row; the others wait for it, and find it used.
        if not open_invitations().filter(id=row.id).update(used_at=timezone.now()):
            raise NotFound("Invitation not found.")
        return services.create_user(username=username, password=password, staff=row.is_staff)


def ask_for_account(*, username: str, password: str) -> User:
    """Make an account that waits for approval.

    Raises:
        InvalidInput: the name or the password is invalid.
        Conflict: too many wait, or the owner is not there yet.
    """
    if not User.objects.filter(awaits_approval=False).exists():
        raise Conflict("This server has no owner yet.")
    if User.objects.filter(awaits_approval=True).count() >= MOST_OPEN:
        raise Conflict(_("Too many requests wait for approval. Try again later."))
    return services.create_user(username=username, password=password, waits=True)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


# --- A new password ---------------------------------------------------------------------------


def reset_path(user: User) -> tuple[str, datetime]:
    """Return the path on which a new password can be set, once, and until when."""
    name = urlsafe_base64_encode(force_bytes(user.pk))
    until = timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
    return f"/reset/{name}/{default_token_generator.make_token(user)}", until


def of_reset(*, name: str, token: str) -> User:
    """Return the account of a link that sets a password. Raises `NotFound`."""
    try:
        user = User.objects.get(pk=UUID(urlsafe_base64_decode(name).decode()), is_active=True)
    except (ValueError, User.DoesNotExist):
        user = None
    if user is None or not default_token_generator.check_token(user, token):
        raise NotFound("Link not found.")
    return user


def set_password(*, user: User, password: str) -> None:
    """Set a new password, which ends the user's sessions. Raises `InvalidInput`."""
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        fields = {"password": error.messages}
        raise InvalidInput(f"password: {' '.join(error.messages)}", fields=fields) from None
    user.set_password(password)
    user.save(update_fields=["password"])
