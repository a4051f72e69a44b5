"""A scripted tool server in a process of its own, one for all tests of a worker."""

import asyncio
import atexit
import json
import subprocess
import sys
from functools import cache
from typing import Any
from uuid import uuid4

import httpx

from tests.harness import WAIT_S
from tests.harness.clerk import ROOT
from tests.harness.place import Person
from tests.harness.ports import free_port
from tests.harness.rest import ok

TOKEN = "a-token-of-the-tool-server"


@cache
def _port() -> int:
    port = free_port()
    command = [sys.executable, "-m", "tests.scripted.mcp_server", str(port), TOKEN]
    process = subprocess.Popen(command, cwd=ROOT)
    atexit.register(process.kill)
    return port


async def tool_server_url() -> str:
    """Where the tool server listens; it is started by the first call."""
    url = f"http://127.0.0.1:{_port()}/mcp"
    async with asyncio.timeout(WAIT_S), httpx.AsyncClient(timeout=WAIT_S) as http:
        while True:
            try:
                assert (await http.get(url)).status_code == 401
                return url
            except httpx.ConnectError:
                await asyncio.sleep(0.05)


async def add_tool_server(staff: Person, **fields: Any) -> dict[str, Any]:
    """Add the tool server under a name of its own."""
    name = f"wiki-{uuid4().hex[:8]}"
    given = {"name": name, "url": await tool_server_url(), "auth": "bearer", "secret": TOKEN}
    added = ok(await staff.page.post("/api/tool-servers/", {**given, **fields}), 201)
    assert "secret" not in added
    return added


async def chat_with_tools(person: Person, *names: str) -> str:
    """A conversation that uses these tools."""
    chat = await person.conversation()
    ok(await person.rest.patch(f"/api/conversations/{chat}/", {"settings": {"tools": [*names]}}))
    return chat


def calls(server: dict[str, Any], *named: tuple[str, dict[str, Any]]) -> str:
    """What the scripted model is told to call."""
    return json.dumps([(f"{server['name']}__{tool}", given) for tool, given in named])
