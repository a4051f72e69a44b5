"""Turns every exception of a REST view into the documented shape."""

import logging
import math
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from conversations.errors import (
    InvalidInput,
    NotFound,
    Problem,
    TooLarge,
    Unavailable,
    error_body,
    first_sentence,
)

logger = logging.getLogger(__name__)

# The codes of ours that differ from REST framework's.
_CODES = {
    "invalid": "validation_error",
    "parse_error": "invalid_json",
    "authentication_failed": "not_authenticated",
}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """Return the response for an exception (REST framework's hook)."""
    if isinstance(exc, Http404):
        exc = NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif isinstance(exc, RequestDataTooBig):
        exc = TooLarge()
    elif isinstance(exc, RecursionError):  # the JSON body is nested too deeply
        exc = exceptions.ParseError()
    elif isinstance(exc, OperationalError):
        logger.error("The database failed: %s", type(exc).__name__)
        exc = Unavailable()
    if isinstance(exc, Problem):
        set_rollback()
        body = error_body(exc.code, exc.message, exc.fields)
        headers = {**exc.headers, **retry_header(exc.retry_after)}
        return Response(body, status=exc.http_status, headers=headers)
    if isinstance(exc, exceptions.APIException):
        set_rollback()
        return _from_rest_framework(exc)
    logger.error("Unexpected error in %s", type(context.get("view")).__name__, exc_info=exc)
    set_rollback()
    return Response(error_body(Problem.code, Problem.message), status=500)


def _from_rest_framework(exc: exceptions.APIException) -> Response:
    code = _CODES.get(exc.default_code, exc.default_code)
    fields = None
    if isinstance(exc, exceptions.ValidationError):
        message = InvalidInput.message
        if isinstance(exc.detail, dict):
            fields = exc.detail
            message = first_sentence(exc.detail)
        elif isinstance(exc.detail, list) and exc.detail:
            message = str(exc.detail[0])
    else:
        message = str(exc.detail)
    headers = retry_header(getattr(exc, "wait", None))
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    return Response(error_body(code, message, fields), status=exc.status_code, headers=headers)


def retry_header(seconds: float | None) -> dict[str, str]:
    """Return the `Retry-After` header, where the time is known."""
    return {} if seconds is None else {"Retry-After": str(max(1, math.ceil(seconds)))}
