"""A tool server in a process of its own, for the tests of a worker."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.harness import WAIT_S
from tests.harness.clerk import ROOT
from tests.harness.place import Person
from tests.harness.ports import free_port
from tests.harness.rest import ok

TOKEN = "a-token-of-the-tool-server"


@pytest.fixture(scope="session")
def tool_server_port() -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "tests.scripted.mcp_server", str(port), TOKEN]
    process = subprocess.Popen(command, cwd=ROOT)
    yield port
    process.kill()
    process.wait()


@pytest.fixture
def add_server(tool_server_port: int) -> Callable[..., Awaitable[dict[str, Any]]]:
    """`add_server(staff, trusted=True, …)` adds the tool server under a name of its own."""

    async def add(staff: Person, **fields: Any) -> dict[str, Any]:
        url = f"http://127.0.0.1:{tool_server_port}/mcp"
        async with asyncio.timeout(WAIT_S), httpx.AsyncClient() as http:
            while True:
                try:
                    assert (await http.get(url)).status_code == 401
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)
        name = f"wiki-{uuid4().hex[:8]}"
        given = {"name": name, "url": url, "auth": "bearer", "secret": TOKEN, **fields}
        added = ok(await staff.page.post("/api/tool-servers/", given), 201)
        assert "secret" not in added
        return added

    return add
