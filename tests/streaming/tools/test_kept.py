"""What is kept of tool servers from one call to the next."""

import asyncio
import json

import pytest

from conversations.people.models import User
from conversations.secrets import encrypt
from conversations.tools.inputs import Given
from conversations.tools.models import ToolServer
from streaming.tools import kept, mcp_client
from tests.harness import WAIT_S
from tests.harness.tool_server import TOKEN, tool_server_url

NOTHING = Given({}, [], None)


async def test_a_call_is_one_request():
    """The server is asked once what it speaks. No call has the cookies of another."""
    server = ToolServer(
        name="wiki", url=await tool_server_url(), auth="bearer", secret=encrypt(TOKEN)
    )
    try:
        for _ in range(2):
            await mcp_client.call(server, User(), "look_up", {"word": "x"}, NOTHING)
        await mcp_client.call(server, User(), "requests", {}, NOTHING)
        await mcp_client.call(server, User(), "look_up", {"word": "x"}, NOTHING)
        told = json.loads((await mcp_client.call(server, User(), "requests", {}, NOTHING)).text)
        assert told == [["tools/call", ""], ["tools/call", ""]]
    finally:
        await mcp_client.aclose()


async def test_each_credentials_have_connections_of_their_own(monkeypatch: pytest.MonkeyPatch):
    """Only so many are kept; what nobody uses ends."""
    servers = kept.KeptServers()

    async def used(url: str, token: str) -> kept.KeptServer:
        async with servers.use(url, {"Authorization": token}) as server:
            return server

    ended: list[kept.KeptServer] = []

    async def end(server: kept.KeptServer) -> None:
        ended.append(server)

    monkeypatch.setattr(kept.KeptServer, "end", end)
    monkeypatch.setattr(kept, "MOST", 2)
    first = await used("http://a/", "x")
    assert await used("http://a/", "x") is first
    other = await used("http://a/", "y")
    assert other is not first
    async with servers.use("http://b/", {}) as busy:
        pass
    await asyncio.sleep(0)
    assert ended == [first]
    monkeypatch.setattr(kept, "IDLE_S", 0.0)
    await used("http://a/", "y")
    async with asyncio.timeout(WAIT_S):
        while other not in ended:
            await asyncio.sleep(0.01)
    assert busy not in ended
    await servers.aclose()
    assert ended == [first, other, busy]
