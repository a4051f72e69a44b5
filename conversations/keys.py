"""API keys: made, looked up, and what one of them is good for."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from conversations.models import ApiKey, User

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


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
