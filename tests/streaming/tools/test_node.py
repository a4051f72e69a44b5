"""A tool server in Node, made with MCP's other SDK, of the protocol before the newest."""

import asyncio
import os
import signal
from collections.abc import Iterator
from subprocess import Popen

import pytest

from tests.harness.clerk import ROOT
from tests.harness.place import Place
from tests.harness.ports import free_port
from tests.harness.rest import ok
from tests.harness.tool_server import calls, chat_with_tools
from tests.streaming.tools.oauth import NODE
from tests.streaming.tools.test_decisions import after, decision
from tests.streaming.tools.test_input import answer, question


@pytest.fixture
def node_server() -> Iterator[str]:
    """The address of a tool server that is about to listen."""
    port = free_port()
    command = [NODE, "tests/clients/mcp-server.mjs", str(port)]
    # Node is a child of what is started: both belong to a group of their own, which is killed.
    with Popen(command, cwd=ROOT, start_new_session=True) as process:
        try:
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            os.killpg(process.pid, signal.SIGKILL)


async def test_a_server_in_node(daphne_place: Place, node_server: str):
    """Its tools are found and called. Where it asks while a call runs, nothing is held: the call is
    made once more with the answer. What it asks of our model is refused."""
    staff = await daphne_place.person(staff=True)
    fields = {"name": f"node-{staff.name}", "url": node_server, "trusted": True}
    server = ok(await staff.page.post("/api/tool-servers/", fields), 201)
    path = f"/api/tool-servers/{server['id']}/test/"
    while not (told := ok(await staff.page.post(path)))["ok"]:
        assert "cannot be reached" in told["message"]
        await asyncio.sleep(0.2)  # ten changes a second are allowed
    assert [tool["name"] for tool in told["tools"]] == [
        "add",
        "refuse",
        "order",
        "pay",
        "ask_model",
    ]
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket:
        named = ("add", {"a": 2, "b": 40}), ("refuse", {}), ("ask_model", {})
        end = await socket.reply(calls(server, *named), model="calls")
        for position in (1, 2):
            await socket.send(decision(end, position))
        await after(socket, end)
        told = (await staff.rest.message(end["id"]))["tool_calls"]
        assert [call["state"] for call in told] == ["done", "failed", "failed"]
        assert [call["result"] for call in told[:2]] == ["42", "Not today."]
        assert "Sampling not supported" in told[2]["result"]
        for tool, content, result in (("order", {"count": 3}, "Ordered 3."), ("pay", {}, "Paid.")):
            end = await socket.reply(calls(server, (tool, {})), model="calls")
            await socket.send(decision(end))
            call = await question(socket, end)
            more = {"content": content} if content else {}
            assert call["input"][0].get("url") == (None if content else "https://pay.example.org/1")
            await socket.send(decision(end, answers=answer(call, **more)))
            assert result in (await after(socket, end))["full_content"]
