"""No request is read further than the largest that makes sense.

Django reads a whole body before any of its code has a say, so the limit is kept before Django:
by the announced length where there is one, by counting where there is none.
"""

import json
from typing import Any

from django.conf import settings

from conversations.errors import TooLarge, error_body
from streaming.v1 import chat_response

# Bytes of a refused body that are read before the connection is closed.
MOST_DROPPED = 50_000_000


class _OverLimit(Exception):
    """More of a body came than is taken; `more` is still to come."""

    def __init__(self, *, more: bool) -> None:
        super().__init__()
        self.more = more


async def limited(application: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve the request, or answer 413 when its body is larger than
    `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes (`V1_MAX_BODY` under `/v1`)."""
    of_v1 = scope["path"].startswith("/v1/")
    most: int = settings.V1_MAX_BODY if of_v1 else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    announced = dict(scope["headers"]).get(b"content-length")
    if announced is not None and (not announced.isdigit() or int(announced[:20]) > most):
        await _refuse(receive, send, of_v1=of_v1, more=True)
        return
    read = 0

    async def counted() -> dict[str, Any]:
        nonlocal read
        message: dict[str, Any] = await receive()
        read += len(message.get("body", b""))
        more = message.get("more_body", False)
        if read > most:
            raise _OverLimit(more=more)
        if announced is None and read and not more:
            # REST framework takes a body without a length for none. Django reads it all before it
            # looks at the headers, so they can still say it.
            length = (b"content-length", str(read).encode())
            scope["headers"] = [*scope["headers"], length]
        return message

    try:
        await application(scope, counted, send)
    except _OverLimit as over:
        await _refuse(receive, send, of_v1=of_v1, more=over.more)


async def _refuse(receive: Any, send: Any, *, of_v1: bool, more: bool) -> None:
    """Answer 413. Most clients read no answer before they have sent everything, and lose it when
    the connection is closed under them: so what still comes is read and dropped, up to a point."""
    dropped = 0
    while more and dropped < MOST_DROPPED:
        message = await receive()
        dropped += len(message.get("body", b""))
        more = message.get("more_body", False)
    told = error_body(TooLarge.code, TooLarge.message)
    if of_v1:
        _, told, _ = chat_response.error(TooLarge())
    body = json.dumps(told).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 413, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
