"""A scripted tool server in a process of its own, one for all tests of a worker."""

import asyncio
import atexit
import subprocess
import sys
from functools import cache

import httpx

from tests.harness import WAIT_S
from tests.harness.clerk import ROOT
from tests.harness.ports import free_port

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
    async with asyncio.timeout(WAIT_S), httpx.AsyncClient() as http:
        while True:
            try:
                assert (await http.get(url)).status_code == 401
                return url
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
