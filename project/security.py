"""The Content-Security-Policy of every answer.

Pages run only what we serve: no inline script, no eval, no other host. One policy of trusted types
is allowed, which gives the address of the service worker. They are off for
Django's admin, whose scripts write HTML, and for the API documentation, whose viewer also sets
inline styles. With Vite's server (`make dev`) the page's scripts and styles come from there.
"""

from collections.abc import Awaitable, Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import async_only_middleware

_BASE = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_TRUSTED_TYPES = {"require-trusted-types-for": "'script'", "trusted-types": "worker"}


def _header(directives: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in directives.items())


STRICT = _header(_BASE | _TRUSTED_TYPES)
_DIAGRAM = {
    "default-src": "'none'",
    "style-src": "'unsafe-inline'",
    "img-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'self'",
    "sandbox": "allow-scripts",
}
ADMIN = _header(_BASE)
DOCS = _header(_BASE | {"style-src": "'self' 'unsafe-inline'"})

_VITE = settings.DJANGO_VITE["default"]
if _VITE["dev_mode"]:
    _at = f"localhost:{_VITE['dev_server_port']}"
    STRICT = _header(
        _BASE
        | {
            "script-src": f"'self' 'unsafe-inline' http://{_at}",
            "style-src": f"'self' 'unsafe-inline' http://{_at}",
            "img-src": f"'self' data: blob: http://{_at}",
            "connect-src": f"'self' http://{_at} ws://{_at}",
        }
    )
    _DIAGRAM |= {
        "script-src-elem": f"'self' 'unsafe-inline' http://{_at}",
        "connect-src": f"ws://{_at}",
    }


def diagram_policy(origin: str) -> str:
    """Return the policy of the frame in which diagrams are drawn (`diagram.html`).

    It writes markup and styles, and reaches nothing but its own scripts. The page shows it
    sandboxed, so it has no origin: in WebKit `'self'` then matches nothing, and the origin of its
    scripts is named (`https://chat.example`).
    """
    return _header({"script-src": f"'self' {origin}"} | _DIAGRAM)


@async_only_middleware
def content_security_policy(
    get_response: Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable[[HttpRequest], Awaitable[HttpResponse]]:
    """Add the policy to every answer that has none of its own."""

    async def middleware(request: HttpRequest) -> HttpResponse:
        response = await get_response(request)
        policy = STRICT
        if request.path.startswith("/admin/"):
            policy = ADMIN
        elif request.path.startswith("/api/docs/"):
            policy = DOCS
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return middleware


@async_only_middleware
def cookies_and_caches(
    get_response: Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable[[HttpRequest], Awaitable[HttpResponse]]:
    """Let nothing that the API says stay in a cache, and take cookies under the names that they
    had in the release before."""
    renamed = [
        (new, old)
        for new, old in (
            (settings.SESSION_COOKIE_NAME, "sessionid"),
            (settings.CSRF_COOKIE_NAME, "csrftoken"),
        )
        if new != old
    ]

    async def middleware(request: HttpRequest) -> HttpResponse:
        for new, old in renamed:
            if new not in request.COOKIES and old in request.COOKIES:
                request.COOKIES[new] = request.COOKIES[old]
        response = await get_response(request)
        if request.path.startswith(("/api/", "/v1/")):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
