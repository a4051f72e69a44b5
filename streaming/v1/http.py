"""What every address under `/v1` has in common: who asks, what was sent, and how a failure is told.

Plain Django views, async all the way: they hold no thread and no database connection.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import orjson
from channels.db import database_sync_to_async
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import CSRFCheck

from conversations.errors import InvalidInput, NotAuthenticated, Problem
from conversations.people import keys
from conversations.people.authentication import bearer
from conversations.people.models import User
from streaming.caller import Caller
from streaming.v1 import chat_response

logger = logging.getLogger(__name__)

Handler = Callable[..., Coroutine[Any, Any, HttpResponseBase]]

SAFE = ("GET", "HEAD", "OPTIONS")
# Proxies pass such a stream on as it comes (nginx reads the last).
EVENT_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


class NoKey(NotAuthenticated):
    message = "Send an API key: Authorization: Bearer <key>."


class NotAllowed(Problem):
    """The cookie came without the token that proves it was sent on purpose."""

    code = "csrf_failed"
    http_status = 403
    message = "A request with a session cookie needs the header X-CSRFToken. Or send an API key."


class NoSuchAddress(Problem):
    code = "unknown_url"
    http_status = 404
    message = "This page does not exist."


class WrongMethod(Problem):
    code = "method_not_allowed"
    http_status = 405

    def __init__(self, allowed: list[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"This address takes {self.allowed}.")


def endpoint(scope: str, **handlers: Handler) -> Handler:
    """A view with a handler for each HTTP method, called with the request, the `Caller` and what
    the address holds. `scope` is what an API key has to be good for; an empty one opens the view
    to all, and its handlers get no caller."""

    @csrf_exempt
    async def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        request_id = f"req_{uuid4().hex}"
        try:
            method = "GET" if request.method == "HEAD" else str(request.method)
            if method not in handlers:
                raise WrongMethod(sorted(handlers))
            if scope:
                caller = await database_sync_to_async(_identify)(request)
                keys.require(caller.key, scope)
                response = await handlers[method](request, caller, **kwargs)
            else:
                response = await handlers[method](request, **kwargs)
        except Exception as error:  # noqa: BLE001 - the outermost line of this door
            response = refusal(error, request_id)
        response.headers["x-request-id"] = request_id
        return response

    return view


def _identify(request: HttpRequest) -> Caller:
    """Who asks: by a key, else by the session cookie, which needs a CSRF token to change things.
    Reads the database."""
    secret = bearer(request.headers.get("Authorization", ""))
    if secret is not None:
        key = keys.use(secret=secret)
        if key is None:
            raise NotAuthenticated
        return Caller(key.user, key, "v1")
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        raise NoKey
    if request.method not in SAFE:
        check = CSRFCheck(HttpResponse)
        check.process_request(request)
        if check.process_view(request, HttpResponse, (), {}):
            raise NotAllowed
    return Caller(user, None, "v1")


def read_json(request: HttpRequest) -> Any:
    """The body. Its size was looked at before it was read (`project/servers/body_limit.py`)."""
    try:
        return orjson.loads(request.read())
    except ValueError:
        raise InvalidJson from None


class InvalidJson(InvalidInput):
    code = "invalid_json"
    message = "The body is not JSON."


def answer_json(data: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(data), status=status, content_type="application/json")


async def answer_events(events: AsyncGenerator[bytes]) -> StreamingHttpResponse:
    """A stream of server-sent events. The first is waited for before anything is sent, so that
    whatever `events` raises before it gets its real status."""
    first = await anext(events)

    async def all_of_them() -> AsyncGenerator[bytes]:
        async with aclosing(events):
            yield first
            async for event in events:
                yield event

    return StreamingHttpResponse(all_of_them(), headers=EVENT_HEADERS)


def refusal(error: Exception, request_id: str) -> HttpResponse:
    """The answer to a request that failed before its first byte."""
    status, body, headers = chat_response.error(error)
    if status == 500:
        logger.error("%s failed unexpectedly", request_id, exc_info=error)
    response = answer_json(body, status)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, WrongMethod):
        headers["Allow"] = error.allowed
    for name, value in headers.items():
        response.headers[name] = value
    return response


async def nothing_here(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
    raise NoSuchAddress


unknown = endpoint(
    "",
    **dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), nothing_here),
)
