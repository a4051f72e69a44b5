"""Django's middleware, on the event loop.

Django runs each half of these in a thread and comes back, on every request. What they do needs
neither the database nor the disk; the exceptions still go to a thread: a session that is saved,
messages that are stored, a form whose token is checked.
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import clickjacking, csrf, locale, security
from django.utils.deprecation import MiddlewareMixin

from project import addresses

# Programs are answered in English; so are the admin pages.
ENGLISH = ("/api/", "/v1/", "/admin/", "/static/", "/healthz", "/readyz", "/metrics")
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")


class _OnTheLoop(MiddlewareMixin):
    """For a middleware whose two halves never wait."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        before = getattr(self, "process_request", None)
        response: Any = before(request) if before else None
        response = response or await self.get_response(request)  # type: ignore[misc]
        after = getattr(self, "process_response", None)
        return after(request, response) if after else response  # type: ignore[no-any-return]


class SecurityMiddleware(_OnTheLoop, security.SecurityMiddleware):
    pass


class LocaleMiddleware(_OnTheLoop, locale.LocaleMiddleware):
    """Choose the language of a page: the one that was chosen in this browser, else what the browser
    wants."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(ENGLISH):
            return await self.get_response(request)  # type: ignore[misc, no-any-return]
        return await super().__acall__(request)


class CommonMiddleware(_OnTheLoop, addresses.AddressMiddleware):
    pass


class AuthenticationMiddleware(_OnTheLoop, auth.AuthenticationMiddleware):
    pass


class XFrameOptionsMiddleware(_OnTheLoop, clickjacking.XFrameOptionsMiddleware):
    pass


class SessionMiddleware(sessions.SessionMiddleware):
    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        self.process_request(request)
        response: Any = await self.get_response(request)  # type: ignore[misc]
        if request.session.modified:
            return await sync_to_async(self.process_response)(request, response)
        return self.process_response(request, response)


class MessageMiddleware(messages.MessageMiddleware):
    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        self.process_request(request)
        response: Any = await self.get_response(request)  # type: ignore[misc]
        stored: Any = request._messages  # type: ignore[attr-defined]
        if stored.used or stored.added_new:
            return await sync_to_async(self.process_response)(request, response)
        return response  # type: ignore[no-any-return]


class CsrfViewMiddleware(_OnTheLoop, csrf.CsrfViewMiddleware):
    async def process_view(  # type: ignore[override]
        self, request: HttpRequest, callback: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """The token may be in a form, which is read from a file, and a refusal is a page."""
        check = super().process_view
        if request.method in SAFE or getattr(callback, "csrf_exempt", False):
            return check(request, callback, args, kwargs)
        return await sync_to_async(check)(request, callback, args, kwargs)
