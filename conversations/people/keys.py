"""Creates, finds and checks API keys."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.errors import Conflict, MissingScope, ModelNotAllowed, NotFound
from conversations.people.models import COUNTS, ApiKey, User, all_scopes
from conversations.statements import Kept

# `last_used_at` is written at most this often: a write on every request would be slow.
LAST_USE_PRECISION = timedelta(minutes=1)
# Keys of one person.
MOST_KEYS = 100


class TooManyKeys(Conflict):
    code = "too_many_keys"
    message = f"You have {MOST_KEYS} API keys. Revoke those that you do not need."


_by_digest = Kept(lambda digest: _with_user().filter(digest=digest), counts=COUNTS)
_by_id = Kept(lambda key_id: _with_user().filter(id=key_id), counts=COUNTS)


def _with_user() -> QuerySet[ApiKey]:
    return ApiKey.objects.select_related("user").order_by()


def create(
    *, user: User, name: str, expires_at: datetime | None = None, **bounds: Any
) -> tuple[ApiKey, str]:
    """Create an API key. Returns it with its secret, which is stored only as a hash. `bounds` are
    `scopes`, `allowed_models` and the fields of `Allowance`. Raises `TooManyKeys`."""
    if ApiKey.objects.filter(user=user).count() >= MOST_KEYS:
        raise TooManyKeys(
            _("You have %(most)s API keys. Revoke those that you do not need.")
            % {"most": MOST_KEYS}
        )
    secret = "cp_" + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=secret[:9],
        digest=_digest(secret),
        expires_at=expires_at,
        **bounds,
    )
    return key, secret


def use(*, secret: str) -> ApiKey | None:
    """Find the key with this secret and record its use. Returns `None` for an unknown or expired
    key, or a deactivated user."""
    now = timezone.now()
    key = _by_digest.get(_digest(secret))
    if key is None or not key.user.is_active or (key.expires_at and key.expires_at <= now):
        return None
    if key.last_used_at is None or now - key.last_used_at > LAST_USE_PRECISION:
        ApiKey.objects.filter(id=key.id).update(last_used_at=now)
    return key


def current(key: ApiKey) -> ApiKey | None:
    """Return the key and its user as they are now; `None` when it was revoked or has expired."""
    row = _by_id.get(key.pk)
    return None if row is None or (row.expires_at and row.expires_at <= timezone.now()) else row


def good(ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these keys are valid: not revoked, not expired, of an active user."""
    unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    valid = ApiKey.objects.filter(unexpired, pk__in=list(ids), user__is_active=True)
    return set(valid.values_list("pk", flat=True))


def owned(user: User, key_id: UUID) -> ApiKey:
    """Return the user's API key. Raises `NotFound`, for another user's, too."""
    try:
        return ApiKey.objects.get(id=key_id, user=user)
    except ApiKey.DoesNotExist:
        raise NotFound("API key not found.") from None


# --- What a key may do ------------------------------------------------------------------------


def require(key: ApiKey | None, scope: str) -> None:
    """Check that the key has the scope. No key (a session) has all. Raises `MissingScope`."""
    if key is not None and scope not in key.scopes:
        raise MissingScope(f"This API key lacks the scope {scope}.")


def require_unbounded(key: ApiKey | None) -> None:
    """Check that the key may do all that its owner may. Raises `MissingScope`."""
    if key is not None and (key.allowed_models or set(all_scopes()) - set(key.scopes)):
        raise MissingScope("Only an API key with all permissions and all models can do this.")


def may_read(key: ApiKey | None) -> bool:
    """Tell whether the key may read what others wrote. No key (a session) may."""
    return key is None or ApiKey.Scope.READ in key.scopes


def allows(key: ApiKey | None, model: str, provider: str) -> bool:
    """Tell whether the key may use a model. The name of `provider` before it, and `:latest`
    behind it, are optional on either side."""
    allowed = key.allowed_models if key else []

    def plain(name: str) -> str:
        return name.removeprefix(f"{provider}/").removesuffix(":latest")

    return not allowed or plain(model) in map(plain, allowed)


def require_model(key: ApiKey | None, model: str, provider: str) -> None:
    """Check that the key may use the model, as `allows`. Raises `ModelNotAllowed`."""
    if not allows(key, model, provider):
        raise ModelNotAllowed(f"This API key may not use the model {model}.")


def choose_model(
    key: ApiKey | None, asked: str | None, remembered: str | None, provider: str
) -> str | None:
    """Choose the requested model, else the remembered one if the key may use it, else the first
    model of the key. `None` leaves it to `provider`, the one that is asked by default. Raises
    `ModelNotAllowed`."""
    if asked:
        require_model(key, asked, provider)
        return asked
    if key is None or not key.allowed_models:
        return remembered
    if remembered and allows(key, remembered, provider):
        return remembered
    return str(key.allowed_models[0])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
