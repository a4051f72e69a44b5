"""Calls through the end of a server: what nobody decided waits, what ran is not repeated."""

import asyncio
from collections.abc import Callable

from tests.harness import WAIT_S
from tests.harness.place import place_at
from tests.harness.rest import ok
from tests.harness.server import ChatServer
from tests.harness.tool_server import calls, chat_with_tools
from tests.streaming.tools.test_decisions import after, decision


async def test_killed_while_one_waits_and_another_runs(
    own_server: Callable[..., ChatServer], add_server
):
    """After kill -9 the undecided call can be decided, and the one that ran is interrupted. The
    model is told so, and the turn goes on by itself."""
    server = own_server("daphne")
    server.start()
    async with place_at(server) as place:
        staff = await place.person(staff=True)
        added = await add_server(staff)
        chat = await chat_with_tools(staff, added["name"])
        async with staff.socket(chat) as socket:
            named = ("wait", {"seconds": 20}), ("write", {"text": "late"})
            end = await socket.reply(calls(added, *named), model="calls")
            await socket.send(decision(end, 0))
            running = {**end["tool_calls"][0], "state": "running"}
            await socket.next("tool_call", call=running)
            server.kill()
        server.start()
        async with staff.socket(chat) as socket:
            waiting, undecided = (await staff.rest.message(end["id"]))["tool_calls"]
            assert (waiting["state"], undecided["state"]) == ("interrupted", "asked")
            await socket.send(decision(end, 1))
            last = await after(socket, end)
            assert "It is not known whether it took effect. | " in last["full_content"]
            assert last["full_content"].endswith("late\n</data>")
            # Killed once more, while the only call of a turn runs: it goes on at the start.
            end = await socket.reply(calls(added, ("wait", {"seconds": 20})), model="calls")
            await socket.send(decision(end))
            await socket.next("tool_call", call={**end["tool_calls"][0], "state": "running"})
            server.kill()
        server.start()
        async with asyncio.timeout(WAIT_S):
            while True:
                head = ok(await staff.rest.get(f"/api/conversations/{chat}/"))["head_id"]
                row = await staff.rest.message(head)
                if head != end["id"] and row["status"] == "completed":
                    break
                await asyncio.sleep(0.05)
        assert row["parent_id"] == end["id"]
        assert "It is not known" in row["content"]
