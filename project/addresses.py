"""Addresses without the slash at their end, and those that are asked for under any name."""

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware import common

HEALTH = ("/healthz", "/readyz", "/metrics")


class _SameRequest(HttpResponsePermanentRedirect):
    """Ask there, in the same way: at a 301 most clients would send a GET without the body."""

    status_code = 308


class AddressMiddleware(common.CommonMiddleware):
    """Django's, whose redirect to the address with a slash keeps the method and the body."""

    response_redirect_class = _SameRequest

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Let probes ask by address: they do not know the names in `ALLOWED_HOSTS`."""
        return None if request.path in HEALTH else super().process_request(request)
