"""Redirects addresses with a wrong slash at their end, and serves probes under any host name."""

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.middleware import common
from django.urls import is_valid_path
from django.utils.http import escape_leading_slashes

HEALTH = ("/healthz", "/readyz", "/metrics")
# Programs are told when an address is wrong.
FOR_PROGRAMS = ("/api/", "/v1/")


class _SameRequest(HttpResponsePermanentRedirect):
    """Ask there, in the same way: at a 301 most clients would send a GET without the body."""

    status_code = 308


class AddressMiddleware(common.CommonMiddleware):
    """Django's, whose redirect to the address with a slash keeps the method and the body, and which
    knows the way back as well: people type `/chat/`."""

    response_redirect_class = _SameRequest

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Let probes ask by address: they do not know the names in `ALLOWED_HOSTS`."""
        return None if request.path in HEALTH else super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Lead from an address of a page with a slash at its end to the one without it."""
        short = request.path_info.rstrip("/")
        missed = response.status_code == 404 and not request.path_info.startswith(FOR_PROGRAMS)
        if missed and short != request.path_info and is_valid_path(short):
            query = request.META.get("QUERY_STRING", "")
            return _SameRequest(escape_leading_slashes(short) + (f"?{query}" if query else ""))
        return super().process_response(request, response)
