"""Who is calling: an API key in the `Authorization` header, or the session cookie."""

from rest_framework import authentication, exceptions
from rest_framework.request import Request

from conversations.errors import CsrfFailed
from conversations.people import keys
from conversations.people.models import ApiKey, User


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <key>`. A wrong key is refused even where a session would do."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        secret = bearer(request.headers.get("Authorization", ""))
        if secret is None:
            return None
        key = keys.use(secret=secret)
        if key is None:
            raise exceptions.AuthenticationFailed("This API key is unknown, expired or revoked.")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """The page's cookie, with its CSRF token on everything that changes something."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def enforce_csrf(self, request: Request) -> None:
        """Refuse in our own words: Django's repeat the Origin."""
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied:
            raise CsrfFailed from None


def bearer(header: str) -> str | None:
    """The secret of an `Authorization` header, `None` if it is not a bearer's."""
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret.strip() else None


def caller(request: Request) -> User:
    """The signed-in user; the permission classes let nobody else through."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type for the checker
    return request.user


def key_of(request: Request) -> ApiKey | None:
    """The API key that a request came with."""
    return request.auth if isinstance(request.auth, ApiKey) else None
