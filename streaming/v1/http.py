"""What every address under `/v1` has in common: who asks, what was sent, how a failure is told.

Plain async Django views: they hold no thread and no database connection.
"""

import logging
import zlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from uuid import uuid4

import orjson
from channels.db import database_sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from conversations.errors import TooLarge
from conversations.people import keys
from conversations.people.authentication import check_csrf, identify
from streaming.caller import Caller
from streaming.v1 import errors

logger = logging.getLogger(__name__)

Handler = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


def endpoint(scope: str, **handlers: Handler) -> Handler:
    """A view with a handler for each HTTP method, called with the request, the `Caller` and the
    parts of the address. An API key needs `scope`; an empty scope opens the view to all, and its
    handlers get no caller."""

    @csrf_exempt  # `check_csrf` checks the token, for sessions alone
    async def view(request: HttpRequest, **parts: Any) -> HttpResponseBase:
        request_id = f"req_{uuid4().hex}"
        try:
            handler = handlers.get("GET" if request.method == "HEAD" else str(request.method))
            if handler is None:
                raise errors.WrongMethod(", ".join(sorted(handlers)))
            if scope:
                caller = await database_sync_to_async(_identify)(request)
                keys.require(caller.key, scope)
                response = await handler(request, caller, **parts)
            else:
                response = await handler(request, **parts)
        except Exception as error:  # noqa: BLE001 - the outermost line of this door
            response = _refusal(error, request_id)
        response.headers["x-request-id"] = request_id
        return response

    return view


def _identify(request: HttpRequest) -> Caller:
    """Who asks: by an API key, else by the session cookie, which needs a CSRF token to change
    things. Reads the database. Raises `Problem`."""
    credentials = identify(request.headers.get("Authorization", ""), request)
    if credentials is None:
        raise errors.NoKey
    if credentials[1] is None:
        check_csrf(request)
    return Caller(*credentials, "v1")


def read_json(request: HttpRequest) -> Any:
    """The body. Its size was checked before it was read (`project/servers/body_limit.py`)."""
    body = request.read()
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
        body = _inflate(body)
    elif encoding != "identity":
        raise errors.UnknownEncoding
    try:
        return orjson.loads(body)
    except ValueError:
        raise errors.InvalidJson from None


def _inflate(body: bytes) -> bytes:
    """A compressed body, which may not be larger than another. Raises `Problem`."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)  # reads gzip's header or zlib's
    try:
        inflated = inflater.decompress(body, settings.V1_MAX_BODY + 1)
    except zlib.error:
        raise errors.InvalidJson from None
    if len(inflated) > settings.V1_MAX_BODY:
        raise TooLarge
    if not inflater.eof:
        raise errors.InvalidJson
    return inflated


def answer_json(
    data: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    response = HttpResponse(orjson.dumps(data), status=status, content_type="application/json")
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def _refusal(error: Exception, request_id: str) -> HttpResponse:
    """The answer to a request that failed before its first byte."""
    status, body, headers = errors.error(error)
    if status == 500:
        logger.error("%s failed unexpectedly", request_id, exc_info=error)
    return answer_json(body, status, headers)


async def _unknown(request: HttpRequest, **parts: Any) -> HttpResponseBase:
    raise errors.UnknownAddress


unknown = endpoint(
    "", **dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), _unknown)
)
