"""The Content-Security-Policy of every answer.

Pages run only what we serve: no inline script, no eval, no other host. Trusted types are off for
Django's admin, whose scripts write HTML, and for the API documentation, whose viewer also sets
inline styles.
"""

from collections.abc import Awaitable, Callable

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
_TRUSTED_TYPES = {"require-trusted-types-for": "'script'", "trusted-types": "'none'"}


def _header(directives: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in directives.items())


STRICT = _header(_BASE | _TRUSTED_TYPES)
ADMIN = _header(_BASE)
DOCS = _header(_BASE | {"style-src": "'self' 'unsafe-inline'"})


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
