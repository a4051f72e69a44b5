"""WebKitGTK's small browser on a screen that nobody sees, driven by WebDriver."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.engines.engine import Engine, EngineError
from tests.harness import WAIT_S
from tests.harness.ports import free_port

DRIVER = os.environ.get("WEBKIT_DRIVER") or "/usr/bin/WebKitWebDriver"
# What the page did wrong, from when it is loaded: the driver tells nothing of the console.
_WATCH = """
window.faults = [];
const note = (kind, what) => window.faults.push(`${kind}: ${what}`);
addEventListener('error', (event) => note('exception', event.message));
addEventListener('unhandledrejection', (event) => note('rejection', event.reason));
document.addEventListener('securitypolicyviolation', (event) =>
  note('policy', `${event.effectiveDirective} ${event.blockedURI}`));
const { error } = console;
console.error = (...words) => { note('console', words.join(' ')); error(...words); };
"""


class WebKit(Engine):
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http, self._faults = http, list[str]()

    async def start(self, program: str) -> None:
        options = {"binary": program, "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        answer = await self._do("POST", "/session", {"capabilities": wanted})
        self._http.base_url = f"{self._http.base_url}session/{answer['sessionId']}/"

    async def open(self, url: str) -> None:
        self._faults += await self._seen()
        await self._do("POST", "url", {"url": url})
        await self.run(_WATCH)

    async def run(self, script: str, *values: Any) -> Any:
        return await self._do("POST", "execute/sync", {"script": script, "args": list(values)})

    async def act(self, actions: list[dict[str, str]]) -> None:
        keys = {"type": "key", "id": "keyboard", "actions": actions}
        await self._do("POST", "actions", {"actions": [keys]})

    async def resize(self, width: int, height: int) -> None:
        await self._do("POST", "window/rect", {"width": width, "height": height})

    async def faults(self) -> list[str]:
        return [*self._faults, *await self._seen()]

    async def _seen(self) -> list[str]:
        return list(await self.run("return window.faults ?? []"))

    async def _do(self, method: str, path: str, body: dict[str, Any]) -> Any:
        response = await self._http.request(method, path, json=body)
        value = response.json()["value"]
        if response.is_error:
            raise EngineError(f"{path}: {value['message']}")
        return value


@asynccontextmanager
async def webkit() -> AsyncIterator[WebKit]:
    """A new window with nothing stored."""
    # The server names the first screen that is free.
    reading, writing = os.pipe()
    screen = await asyncio.create_subprocess_exec(
        *("Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"),
        pass_fds=(writing,),
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        display = f":{(await asyncio.to_thread(pipe.readline)).strip()}"
    port = free_port()
    driver = await asyncio.create_subprocess_exec(
        DRIVER,
        f"--port={port}",
        env={**os.environ, "DISPLAY": display, "LIBGL_ALWAYS_SOFTWARE": "1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/", timeout=WAIT_S, trust_env=False
        ) as http:
            await _listening(port)
            engine = WebKit(http)
            await engine.start(_mini_browser())
            yield engine
            await http.delete("")
    finally:
        driver.terminate()
        await driver.wait()
        screen.terminate()
        await screen.wait()


async def _listening(port: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


def _mini_browser() -> str:
    """The path of the browser, which the driver finds only where it was built for."""
    programs = sorted(Path("/usr/lib").glob("**/webkit2gtk-4.*/MiniBrowser"))
    if not programs:
        raise EngineError("MiniBrowser is not installed: run scripts/find-engines.")
    return str(programs[-1])
