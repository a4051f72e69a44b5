"""The credentials of a socket, read from its handshake and checked again while it is open."""

from collections.abc import Iterable
from contextlib import suppress
from http.cookies import CookieError
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils.crypto import constant_time_compare
from django.utils.http import is_same_domain

from conversations.errors import NotAuthenticated
from conversations.people.authentication import bearer, identify
from conversations.people.models import User
from conversations.people.sessions import SessionStore, rows
from streaming.caller import Caller

Headers = Iterable[tuple[bytes, bytes]]
# What is kept of a handshake, as long as its socket is open.
_READ: Final = frozenset((b"authorization", b"cookie", b"host", b"origin", b"x-forwarded-proto"))


class Credentials:
    """An API key or a session cookie of a handshake. A key wins over a cookie, and is never read
    from the query string. `session` is the cookie's session, `None` beside a key."""

    def __init__(self, headers: Headers) -> None:
        lowered = ((name.lower(), value) for name, value in headers)
        self._headers = {name: value.decode("latin-1") for name, value in lowered if name in _READ}
        self._authorization = self._headers.get(b"authorization", "")
        self.key = bearer(self._authorization)
        self.session: str | None = None
        if self.key is None:
            try:
                cookies = parse_cookie(self._headers.get(b"cookie", ""))
            except CookieError:
                cookies = {}
            # The second is its name in the release before, where HTTPS has another one now.
            names = (settings.SESSION_COOKIE_NAME, "sessionid")
            self.session = next(filter(None, map(cookies.get, names)), None)

    def caller(self) -> Caller | None:
        """The caller whose credentials these are at this moment; `None` when they are missing,
        wrong or revoked. Reads the database."""
        request = SimpleNamespace(session=SessionStore(self.session))
        with suppress(NotAuthenticated):
            if identity := identify(self._authorization, request):
                return Caller(*identity, "socket")
        return None

    def origin_allowed(self, scope: dict[str, Any]) -> bool:
        """Whether the page that opens the socket may use these credentials.

        A browser sends its cookie along from any page, so with a cookie the page has to be ours:
        the scheme, host and port of the request, or one of `CSRF_TRUSTED_ORIGINS`. No browser
        sends a key unasked. Without credentials the socket is opened, and refused with a reason.
        """
        origin = self._headers.get(b"origin")
        if not self.session:
            return True
        if origin is None:
            return False
        host = self._headers.get(b"host", "")
        if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
            return False
        forwarded = self._headers.get(b"x-forwarded-proto", "")
        secure = scope.get("scheme") == "wss" or (settings.HTTPS_ONLY and forwarded == "https")
        scheme = "https" if secure else "http"
        if origin.lower() == f"{scheme}://{host}".lower():
            return True
        return any(_matches(origin, trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS)


def signed_in(sessions: Iterable[str]) -> set[str]:
    """Those of the sessions that are good: neither ended nor expired, of an active account whose
    password has not changed since. Two queries, however many sessions there are."""
    began = {cookie: row.get_decoded() for cookie, row in rows([*sessions]).items()}
    owners = {data.get(SESSION_KEY) for data in began.values()}
    users = User.objects.filter(pk__in=owners - {None}, is_active=True)
    hashes = {str(user.pk): user.get_session_auth_hash() for user in users}
    return {
        session
        for session, data in began.items()
        if (owner := data.get(SESSION_KEY)) in hashes
        and constant_time_compare(data.get(HASH_SESSION_KEY, ""), hashes[owner])
    }


def _matches(origin: str, trusted: str) -> bool:
    """Whether `origin` matches `trusted`, which may have the form `https://*.example.com`."""
    if "*" not in trusted:
        return origin.lower() == trusted.lower().rstrip("/")
    ours, theirs = urlsplit(trusted), urlsplit(origin)
    return ours.scheme == theirs.scheme and is_same_domain(theirs.netloc, ours.netloc.lstrip("*"))
