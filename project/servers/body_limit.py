"""Limits the size of request bodies, by path and by sender.

Django reads a whole body before any of its code has a say, so the limit is kept before Django: by
the announced length where there is one, by counting where there is none. `limited` does so for
servers that hand a body on as it arrives; daphne first reads it all, so `daphne_bodies` asks here.
"""

import json
from typing import Any, Final

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from conversations.errors import NotAuthenticated, Problem, TooLarge, error_body
from project.doctor import probe
from streaming.credentials import Credentials, Headers
from streaming.db_threads import EVERY, db_threads
from streaming.v1 import errors

# Bytes that a body may have before it is looked at who sends it: room for every form of the pages.
ANONYMOUS: Final = 128_000
# Bytes of a refused body that are read before the connection is closed.
MOST_DROPPED: Final = 50_000_000

# Where files are uploaded, and the bytes of the form around one.
UPLOADS: Final = "/api/files/"
FORM: Final = 10_000

SIGN_IN: Final = "Sign in, or send an API key, before a body of this size."


def most(path: str) -> int:
    """The largest body that anybody may send to a path, in bytes. Files have none."""
    if path.startswith("/static/"):
        return 0
    if path.startswith("/v1/"):
        return int(settings.V1_MAX_BODY)
    if path == UPLOADS:
        return int(settings.CHAT_MAX_FILE) + FORM
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


async def may_send(path: str, headers: Headers) -> bool:
    """Whether the sender of a request is known: by an API key or a session that counts, or by a
    token of the doctor. Reads the database; while that is away nobody is known."""
    if path.startswith("/probe/"):
        return probe.is_ours(path.removeprefix("/probe/").rstrip("/"))
    credentials = Credentials(headers)
    if credentials.key is None and not credentials.session:
        return False
    try:
        async with db_threads.borrow(EVERY):
            return await database_sync_to_async(credentials.caller)() is not None
    except DatabaseError:
        return False


def refusal(path: str, problem: Problem) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body with which a request to that path is refused."""
    shape = error_body(problem.code, problem.message)
    if path.startswith("/v1/"):
        _, shape, _ = errors.error(problem)
    body = json.dumps(shape).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    return problem.http_status, headers, body


class _BodyRefused(Exception):
    """A body is not taken; `more` of it is still to come."""

    def __init__(self, problem: Problem, *, more: bool) -> None:
        super().__init__()
        self.problem, self.more = problem, more


async def limited(application: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve the request, or refuse its body: 413 when it is larger than `most`, 401 when it is
    larger than `ANONYMOUS` and its sender is not signed in."""
    limit, path = most(scope["path"]), scope["path"]
    announced = dict(scope["headers"]).get(b"content-length")
    length = 0
    if announced is not None:
        length = int(announced[:20]) if announced.isdigit() else limit + 1
    read, known = 0, False

    async def counted() -> dict[str, Any]:
        nonlocal read, known
        message: dict[str, Any] = await receive()
        read += len(message.get("body", b""))
        more = message.get("more_body", False)
        if read > limit:
            raise _BodyRefused(TooLarge(), more=more)
        if read > ANONYMOUS and not known:
            if not await may_send(path, scope["headers"]):
                raise _BodyRefused(NotAuthenticated(SIGN_IN), more=more)
            known = True
        if announced is None and read and not more:
            # REST framework takes a body without a length for none. Django reads it all before it
            # looks at the headers, so they can still say it.
            scope["headers"] = [*scope["headers"], (b"content-length", str(read).encode())]
        return message

    try:
        if length > limit:
            raise _BodyRefused(TooLarge(), more=True)
        if length > ANONYMOUS:
            known = await may_send(path, scope["headers"])
            if not known:
                raise _BodyRefused(NotAuthenticated(SIGN_IN), more=True)
        await application(scope, counted, send)
    except _BodyRefused as refused:
        await _refuse(path, refused, receive, send)


async def _refuse(path: str, refused: _BodyRefused, receive: Any, send: Any) -> None:
    """Answer at once. Most clients read no answer before they have sent everything, and lose it
    when the connection is closed under them: so what still comes is read and dropped, up to a
    point."""
    status, headers, body = refusal(path, refused.problem)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    dropped, more = 0, refused.more
    while more and dropped < MOST_DROPPED:
        message = await receive()
        dropped += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.body", "body": b""})
