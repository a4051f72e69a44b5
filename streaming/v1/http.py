"""What all endpoints of `/v1` share: authentication, reading the body, answering a failure.

Plain async Django views: they hold no thread and no database connection.
"""

import logging
import zlib
from collections.abc import Callable, Coroutine, Mapping
from time import monotonic
from typing import Any, TypeVar
from uuid import uuid4

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from conversations.errors import TooLarge
from conversations.people import keys
from conversations.people.authentication import check_csrf, identify
from providers import values
from streaming.caller import Caller
from streaming.db_threads import db_threads
from streaming.heavy_work import beside_the_loop
from streaming.v1 import errors

logger = logging.getLogger(__name__)

Handler = Callable[..., Coroutine[Any, Any, HttpResponseBase]]
T = TypeVar("T")

# Bytes of a body that is read beside the event loop, by a caller who was admitted before.
LARGE = 256_000
# The most that a body may cost to read: two million numbers, or 200,000 objects.
MOST_COST = 2_000_000


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
                caller = await db_threads.run(_identify, request)
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
    return Caller(*credentials, "v1", monotonic())


class RequestBody:
    """The body of a request. Its size was checked before it was read
    (`project/servers/body_limit.py`)."""

    def __init__(self, request: HttpRequest) -> None:
        self._bytes = request.read()
        self._encoding = request.headers.get("Content-Encoding", "identity").lower()

    @property
    def is_large(self) -> bool:
        """Whether it may take a while to read."""
        return len(self._bytes) > LARGE or self._encoding != "identity"

    async def parsed(self, parse: Callable[[object], T]) -> T:
        """Return what `parse` makes of its JSON. Raises `Problem`."""
        if self.is_large:
            return await beside_the_loop(lambda: parse(self._json()))
        return parse(self._json())

    def _json(self) -> object:
        body = self._bytes
        if self._encoding in ("gzip", "x-gzip", "deflate"):
            body = _inflate(body)
        elif self._encoding != "identity":
            raise errors.UnknownEncoding
        if values.cost(body, MOST_COST) > MOST_COST:
            raise errors.TooManyValues
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
