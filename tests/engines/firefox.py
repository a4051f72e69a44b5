"""Firefox, driven by WebDriver BiDi."""

import asyncio
import itertools
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.engines.engine import Engine, EngineError
from tests.harness import WAIT_S
from tests.harness.ports import free_port

PROGRAM = os.environ.get("FIREFOX") or "/usr/bin/firefox-esr"
# A page that is left while its socket is open.
_LEFT = "was interrupted while the page was loading"


class Firefox(Engine):
    def __init__(self, wire: ClientConnection) -> None:
        self._wire, self._ids = wire, itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._faults: list[str] = []
        self._context = ""
        self._reader = asyncio.create_task(self._read())

    async def start(self) -> None:
        await self._do("session.new", capabilities={})
        tree = await self._do("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]
        await self._do("session.subscribe", events=["log.entryAdded"])

    async def open(self, url: str) -> None:
        await self._do("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def run(self, script: str, *values: Any) -> Any:
        answer = await self._do(
            "script.evaluate",
            expression=f"JSON.stringify((function () {{ {script} }})"
            f".apply(null, {json.dumps(values)}) ?? null)",
            target={"context": self._context},
            awaitPromise=False,
        )
        if answer["type"] == "exception":
            raise EngineError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def act(self, actions: list[dict[str, str]]) -> None:
        keys = {"type": "key", "id": "keyboard", "actions": actions}
        await self._do("input.performActions", context=self._context, actions=[keys])

    async def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height}
        await self._do("browsingContext.setViewport", context=self._context, viewport=size)

    async def faults(self) -> list[str]:
        return [fault for fault in self._faults if _LEFT not in fault]

    async def _do(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._wire.send(json.dumps({"id": number, "method": method, "params": params}))
        answer = await asyncio.wait_for(future, WAIT_S)
        if answer["type"] == "error":
            raise EngineError(f"{method}: {answer['message']}")
        return dict(answer["result"])

    async def _read(self) -> None:
        async for text in self._wire:
            message = json.loads(text)
            if message["type"] == "event":
                entry = message["params"]
                if entry["level"] == "error":
                    self._faults.append(entry["text"])
            elif future := self._answers.pop(message.get("id"), None):
                future.set_result(message)


@asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """A new window with a new profile."""
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *("--headless", "--no-remote", "--profile", profile),
            f"--remote-debugging-port={port}",
            env={**os.environ, "HOME": profile, "LANG": "en_GB.UTF-8"},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with await _connected(f"ws://127.0.0.1:{port}/session") as wire:
                engine = Firefox(wire)
                await engine.start()
                yield engine
        finally:
            process.terminate()
            await process.wait()


async def _connected(url: str) -> ClientConnection:
    """A connection, as soon as the browser listens."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                return await connect(url, max_size=None, origin=None)
            except OSError:
                await asyncio.sleep(0.1)
