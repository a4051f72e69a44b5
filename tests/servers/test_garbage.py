"""Garbage collections, for which every thread stands, find little to look at."""

import asyncio
import gc
import sys
from types import ModuleType
from typing import Any

import pytest

from project.handler import LoopHandler
from streaming.allocator import FEW, NEW_MODULES, Trimmer
from streaming.heavy_work import beside_the_loop

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


async def test_there_is_none_during_heavy_work() -> None:
    assert not await beside_the_loop(gc.isenabled)
    assert gc.isenabled()


async def test_code_that_is_loaded_later_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    sockets = 0
    trimmer = Trimmer(lambda: sockets)
    kept = gc.get_freeze_count()
    try:
        await trimmer._step()
        assert gc.get_freeze_count() == kept
        for number in range(NEW_MODULES):
            monkeypatch.setitem(sys.modules, f"new{number}", ModuleType(f"new{number}"))
        sockets = FEW + 1
        await trimmer._step()
        assert gc.get_freeze_count() == kept
        sockets = FEW
        await trimmer._step()
        assert gc.get_freeze_count() > kept
        assert len(gc.get_objects()) < 10_000  # what was made since
    finally:
        gc.unfreeze()
