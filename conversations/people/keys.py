"""API keys: made, looked up, and what one of them is good for."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from conversations.errors import MissingScope, ModelNotAllowed, NotFound
from conversations.people.models import ApiKey, User

# The last use of a key is written at most this often, so that a busy key costs no write a call.
LAST_USE_PRECISION = timedelta(minutes=1)


def create(
    *, user: User, name: str, expires_at: datetime | None = None, **bounds: Any
) -> tuple[ApiKey, str]:
    """A new API key and its secret, which is shown this once and kept only as a hash. `bounds`
    are `scopes`, `allowed_models`, and what `Allowance` has."""
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
    """The key with this secret, and its use noted; `None` if it is unknown, expired, or its
    user may not sign in."""
    now = timezone.now()
    key = ApiKey.objects.select_related("user").filter(digest=_digest(secret)).first()
    if key is None or not key.user.is_active or (key.expires_at and key.expires_at <= now):
        return None
    if key.last_used_at is None or now - key.last_used_at > LAST_USE_PRECISION:
        ApiKey.objects.filter(id=key.id).update(last_used_at=now)
    return key


def good(ids: Iterable[UUID]) -> set[UUID]:
    """Which of these keys are neither revoked nor expired, and of an account that is open."""
    unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    found = ApiKey.objects.filter(unexpired, pk__in=list(ids), user__is_active=True)
    return set(found.values_list("pk", flat=True))


def owned(user: User, key_id: UUID) -> ApiKey:
    """The user's API key, or `NotFound`."""
    try:
        return ApiKey.objects.get(id=key_id, user=user)
    except ApiKey.DoesNotExist:
        raise NotFound("There is no such API key.") from None


# --- What a key is good for -------------------------------------------------------------------


def require(key: ApiKey | None, scope: str) -> None:
    """Return if the key has the scope; no key (a session) has all. Raises `MissingScope`."""
    if key is not None and scope not in key.scopes:
        raise MissingScope(f"This API key was made without the scope {scope}.")


def require_unbounded(key: ApiKey | None) -> None:
    """Return if the key may do all that its user may: else it could make itself a key that
    may do more. Raises `MissingScope`."""
    for scope in ApiKey.Scope.values:
        require(key, scope)
    if key is not None and (key.allowed_models or key.tokens_per_day or key.tokens_per_month):
        raise MissingScope("An API key with models or a budget of its own cannot manage keys.")


def allows(key: ApiKey | None, model: str) -> bool:
    """Whether the key may use a model; `:latest` may be left out on either side."""
    allowed = key.allowed_models if key else []
    plain = model.removesuffix(":latest")
    return not allowed or plain in (name.removesuffix(":latest") for name in allowed)


def require_model(key: ApiKey | None, model: str) -> None:
    """Return if the key may use the model. Raises `ModelNotAllowed`."""
    if not allows(key, model):
        raise ModelNotAllowed(f"This API key may not use the model {model}.")


def choose_model(key: ApiKey | None, asked: str | None, remembered: str | None) -> str | None:
    """The model to use: the one asked for, else the remembered one if the key may use it, else
    the key's first; `None` leaves it to the provider. Raises `ModelNotAllowed`."""
    if asked:
        require_model(key, asked)
        return asked
    if key is None or not key.allowed_models:
        return remembered
    if remembered and allows(key, remembered):
        return remembered
    return str(key.allowed_models[0])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
