"""Every write to accounts. Sync, keyword-only, one transaction each."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from conversations.errors import Conflict, InvalidInput, StaffOnly
from conversations.people.models import COUNTS, User
from conversations.statements import Kept

_by_id = Kept(lambda user_id: User.objects.filter(pk=user_id).order_by(), counts=COUNTS)

# --- Accounts -------------------------------------------------------------------------------


def current(user: User) -> User | None:
    """Return the account as it is now; `None` when it is gone."""
    return _by_id.get(user.pk)


def create_user(
    *,
    username: str,
    password: str | None,
    staff: bool = False,
    any_password: bool = False,
    waits: bool = False,
) -> User:
    """Create an account. Without a password only API keys can use it. `any_password` skips the
    password validators. One that `waits` cannot be used before it is approved.

    Raises:
        InvalidInput: the name or the password is invalid; names the field.
    """
    name = User.normalize_username(username)
    user = User(username=name, is_staff=staff, is_active=not waits, awaits_approval=waits)
    try:
        user.clean_fields(exclude=["password"])
        user.validate_unique()
        if password is not None and not any_password:
            password_validation.validate_password(password, user)
    except ValidationError as error:
        fields = getattr(error, "error_dict", None)
        if fields:
            raise InvalidInput(
                f"username: {' '.join(error.messages)}", fields=error.message_dict
            ) from None
        raise InvalidInput(
            f"password: {' '.join(error.messages)}", fields={"password": error.messages}
        ) from None
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:  # of two at once
        sentence = _("A user with that username already exists.")
        raise InvalidInput(f"username: {sentence}", fields={"username": [sentence]}) from None
    return user


def create_owner(*, username: str, password: str) -> User:
    """Create the first account, a superuser.

    Raises:
        Conflict: an account exists.
        InvalidInput: as `create_user`.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # Two that come at once would both find no account; SQLite lets one in at a time.
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {User._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        if User.objects.exists():
            raise Conflict("The owner account already exists.")
        user = create_user(username=username, password=password, staff=True)
        user.is_superuser = True
        user.save(update_fields=["is_superuser"])
    return user


def update_preferences(*, user: User, changes: Mapping[str, str]) -> User:
    """Change `instructions`, `language`, `theme` or `default_model`."""
    if changes:
        User.objects.filter(pk=user.pk).update(**changes)
        user.refresh_from_db()
    return user


def require_owner(user: User) -> None:
    """Raise `StaffOnly` unless the user is an owner, who may do everything."""
    if not user.is_superuser:
        raise StaffOnly(_("Only the owner can change accounts of staff."))


def active(ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these accounts are not closed."""
    accounts = User.objects.filter(pk__in=list(ids), is_active=True)
    return set(accounts.values_list("pk", flat=True))


def end_sessions(*, user: User) -> None:
    """End all sessions of the user. API keys stay valid."""
    User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
    user.refresh_from_db()


def take_failed_signins(*, user: User) -> str:
    """What is to be told of attempts to sign in that failed since this was asked last; empty when
    there were none."""
    count, last = user.failed_signins, user.last_failed_signin
    if not count or last is None:
        return ""
    User.objects.filter(pk=user.pk).update(failed_signins=0)
    attempts = "1 attempt" if count == 1 else f"{count} attempts"
    return f"{attempts} to sign in to your account failed, the last on {last:%d %B %Y, %H:%M} UTC."
