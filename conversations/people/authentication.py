"""Finds the user of a request by an API key or the session cookie."""

from copy import copy
from typing import Any

from django.contrib.auth import get_user
from django.http import HttpRequest, QueryDict
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from conversations.errors import CsrfFailed, NotAuthenticated
from conversations.people import keys
from conversations.people.models import ApiKey, User


def identify(authorization: str, request: Any) -> tuple[User, ApiKey | None] | None:
    """Return the user of a request and its API key, if any; `None` without credentials.

    A key wins over a session: a wrong key is refused even with a valid session. `request`
    needs no more than its `session`. Reads the database. Raises `NotAuthenticated`.
    """
    if (secret := bearer(authorization)) is not None:
        if (key := keys.use(secret=secret)) is None:
            raise NotAuthenticated
        return key.user, key
    user = get_user(request)
    return (user, None) if isinstance(user, User) and user.is_active else None


def check_csrf(request: HttpRequest) -> None:
    """Return if a request may use the session cookie: it changes nothing, or has the CSRF token in
    its header. Raises `CsrfFailed`, whose sentence, unlike Django's, does not repeat the Origin."""
    headers_alone: Any = copy(request)
    # Django would look for the token in a form first, and read the body for that: a body that
    # cannot be read is told of later, to somebody who is known by then.
    headers_alone._post = QueryDict()
    try:
        authentication.SessionAuthentication().enforce_csrf(headers_alone)
    except exceptions.PermissionDenied:
        raise CsrfFailed from None


def bearer(header: str) -> str | None:
    """Return the bearer token of an `Authorization` header, or `None`."""
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret.strip() else None


class CallerAuthentication(authentication.BaseAuthentication):
    """REST framework's way to `identify`; a session needs its CSRF token too."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey | None] | None:
        credentials = identify(request.headers.get("Authorization", ""), request._request)
        if credentials is not None and credentials[1] is None:
            check_csrf(request._request)
        return credentials

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def caller(request: Request) -> User:
    """Return the authenticated user, as the type checker needs it (permissions were checked)."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type for the checker
    return request.user


def key_of(request: Request) -> ApiKey | None:
    """Return the API key of the request, or `None` for a session."""
    return request.auth if isinstance(request.auth, ApiKey) else None
