"""Answers the doctor behind a proxy, by HTTP and by socket: waits, then sends something.

The pauses come in the address, signed with `SECRET_KEY`, so that nobody else can keep the server
waiting; a token is good for some minutes. First of all it tells how the request arrived.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from streaming.credentials import Credentials
from streaming.v1 import sse

SALT = "project.doctor"
GOOD_FOR = 600  # seconds


def token(pauses: Sequence[float]) -> str:
    """The last part of a probe's address; pauses in seconds."""
    return signing.dumps(list(pauses), salt=SALT)


def _pauses(given: str) -> list[float]:
    """Raises `Http404` for a token that is not ours."""
    try:
        return [float(pause) for pause in signing.loads(given, salt=SALT, max_age=GOOD_FOR)]
    except signing.BadSignature:
        raise Http404 from None


def is_ours(given: str) -> bool:
    """Whether a token is ours, and still good."""
    try:
        _pauses(given)
    except Http404:
        return False
    return True


@csrf_exempt
@require_http_methods(["GET", "POST"])
async def over_http(request: HttpRequest, given: str) -> HttpResponseBase:
    """Server-sent events as `/v1` sends them: how we were asked, then one after each pause."""
    pauses = _pauses(given)
    arrived = {
        "host": request.headers.get("Host", ""),
        "scheme": request.scheme,
        "forwarded_scheme": request.headers.get("X-Forwarded-Proto", ""),
        "read": len(request.body),
    }

    async def events() -> AsyncIterator[bytes]:
        yield f"data: {json.dumps(arrived)}\n\n".encode()
        for pause in pauses:
            await asyncio.sleep(pause)
            yield b"data: {}\n\n"

    return StreamingHttpResponse(events(), headers=sse.HEADERS)


async def over_socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The same over a socket; a token that is not ours is refused before accept."""
    await receive()
    try:
        pauses = _pauses(scope["url_route"]["kwargs"]["given"])
    except Http404:
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    allowed = Credentials(scope["headers"]).origin_allowed(scope)
    await send({"type": "websocket.send", "text": json.dumps({"origin_allowed": allowed})})
    gone = asyncio.ensure_future(_gone(receive))
    for pause in pauses:
        await asyncio.wait([gone], timeout=pause)
        if gone.done():
            return
        await send({"type": "websocket.send", "text": "{}"})
    gone.cancel()
    await send({"type": "websocket.close", "code": 1000})


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
