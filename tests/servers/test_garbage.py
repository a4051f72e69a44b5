"""A request leaves little behind that only a garbage collection frees."""

import asyncio
import gc
from typing import Any

import pytest

from project.handler import LoopHandler

REQUESTS = 20
# What Django's middleware ties to a request and back: with all that the handler of Django leaves,
# there would be 120 and more.
MOST_OBJECTS = 60


async def _ask(handler: LoopHandler, path: str) -> None:
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    received.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            received.put_nowait({"type": "http.disconnect"})  # as servers say it after an answer

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "scheme": "http",
    }
    await asyncio.create_task(handler.handle(scope, received.get, send))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("path", ["/healthz", "/v1/nothing"])
async def test_a_request_leaves_little_to_collect(path: str) -> None:
    handler = LoopHandler()
    for _ in range(3):
        await _ask(handler, path)
    gc.collect()
    gc.disable()
    try:
        for _ in range(REQUESTS):
            await _ask(handler, path)
        assert gc.collect() < REQUESTS * MOST_OBJECTS
    finally:
        gc.enable()
