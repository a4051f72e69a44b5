"""Who is at the other end of a socket, asked at the handshake and again while it is open."""

from collections.abc import Iterable
from http.cookies import CookieError
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import is_same_domain

from conversations.people import keys
from conversations.people.authentication import bearer
from conversations.people.models import User
from streaming.caller import Caller

Headers = Iterable[tuple[bytes, bytes]]


class Credentials:
    """An API key or a session cookie, as a handshake brought it. A key wins over a cookie, and
    is never looked for in the query string. `session` is the cookie's, should it count."""

    def __init__(self, headers: Headers) -> None:
        found = {name.lower(): value.decode("latin-1") for name, value in headers}
        self._headers = found
        self.key = bearer(found.get(b"authorization", ""))
        self.session: str | None = None
        if self.key is None:
            try:
                cookies = parse_cookie(found.get(b"cookie", ""))
            except CookieError:
                cookies = {}
            self.session = cookies.get(settings.SESSION_COOKIE_NAME) or None

    def caller(self) -> Caller | None:
        """Whose they are at this moment; `None` when they are good for nobody (any more).
        Reads the database."""
        if self.key is not None:
            key = keys.use(secret=self.key)
            return Caller(key.user, key, "socket") if key else None
        if not self.session:
            return None
        store = SessionStore(self.session)
        user = get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]
        if not (isinstance(user, User) and user.is_active):
            return None
        return Caller(user, None, "socket")

    def origin_allowed(self, scope: dict[str, Any]) -> bool:
        """Whether a page may use these here. A browser sends its cookie along from any page, so
        with a cookie the page has to be ours: same scheme, host and port as we are asked under,
        or one of `CSRF_TRUSTED_ORIGINS`. Programs send no `Origin`; a key is never sent unasked;
        without either it is nobody who asks, and told so.
        """
        origin = self._headers.get(b"origin")
        if origin is None or not self.session:
            return True
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
    """Which of these sessions are neither ended nor expired, and of an account that is open and
    has the password with which they began. Two readings of the database, however many there are."""
    unexpired = Session.objects.filter(pk__in=list(sessions), expire_date__gt=timezone.now())
    began = {row.pk: row.get_decoded() for row in unexpired}
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
    """Whether `origin` is `trusted`, which may be of the form `https://*.example.com`."""
    if "*" not in trusted:
        return origin.lower() == trusted.lower().rstrip("/")
    ours, theirs = urlsplit(trusted), urlsplit(origin)
    return ours.scheme == theirs.scheme and is_same_domain(theirs.netloc, ours.netloc.lstrip("*"))
