"""Addresses without the slash at their end."""

from django.http import HttpResponsePermanentRedirect
from django.middleware import common


class _SameRequest(HttpResponsePermanentRedirect):
    """Ask there, in the same way: at a 301 most clients would send a GET without the body."""

    status_code = 308


class CommonMiddleware(common.CommonMiddleware):
    """Django's, whose redirect to the address with a slash keeps the method and the body."""

    response_redirect_class = _SameRequest
