"""Calls through the end of a server: what nobody decided waits, what ran is not repeated."""

import asyncio
from collections.abc import Callable

from tests.harness import WAIT_S
from tests.harness.place import place_at
from tests.harness.rest import ok
from tests.harness.server import ChatServer
from tests.harness.tool_server import calls, chat_with_tools
from tests.streaming.tools.oauth import SignInServers, sign_in
from tests.streaming.tools.test_decisions import after, decision, state_of


async def test_a_tool_that_hangs_ends_at_its_limit(
    own_server: Callable[..., ChatServer], add_server
):
    """Whether it says nothing or never comes to an end: the model is told, and the turn goes on."""
    server = own_server("daphne", CHAT_TOOL_SECONDS=1)
    server.start()
    async with place_at(server) as place:
        staff = await place.person(staff=True)
        added = await add_server(staff)
        ok(await staff.page.post(f"/api/tool-servers/{added['id']}/test/"))
        chat = await chat_with_tools(staff, added["name"])
        async with staff.socket(chat) as socket:
            end = await socket.reply(
                calls(added, ("wait", {"seconds": 600}), ("drip", {})), model="calls"
            )
            for position in range(2):
                await socket.send(decision(end, position))
            last = await after(socket, end)
        assert last["full_content"].count("The tool did not answer within 1 s.") == 2
        row = await staff.rest.message(end["id"])
        assert [call["state"] for call in row["tool_calls"]] == ["failed", "failed"]


async def test_killed_while_one_waits_and_another_runs(
    own_server: Callable[..., ChatServer], add_server, sign_in_servers: SignInServers
):
    """After kill -9 the undecided call can be decided, and the one that ran is interrupted. The
    model is told so, and the turn goes on by itself. A call that waits for a sign-in goes on after
    it."""
    server = own_server("daphne")
    server.start()
    async with place_at(server) as place:
        staff = await place.person(staff=True)
        added = await add_server(staff)
        chat = await chat_with_tools(staff, added["name"])
        protected = await sign_in_servers.add(staff)
        await sign_in(staff, protected, "ada")
        person = await place.person()
        other = await chat_with_tools(person, protected["name"])
        async with person.socket(other) as socket:
            unknown = await socket.reply(calls(protected, ("who_am_i", {})), model="calls")
            assert state_of(unknown) == "needs_sign_in"
        async with staff.socket(chat) as socket:
            named = ("wait", {"seconds": 20}), ("write", {"text": "late"})
            end = await socket.reply(calls(added, *named), model="calls")
            await socket.send(decision(end, 0))
            running = {**end["tool_calls"][0], "state": "running"}
            await socket.next("tool_call", call=running)
            server.kill()
        server.start()
        async with person.socket(other) as socket:
            await sign_in(person, protected, "grace")
            asked = await socket.next("tool_call", id=unknown["id"])
            assert asked["call"]["state"] == "asked"
            await socket.send(decision(unknown))
            assert "You are grace." in (await after(socket, unknown))["full_content"]
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
