"""Tool servers, as staff add, test and change them."""

import pytest

from tests.harness.place import Place
from tests.harness.ports import free_port
from tests.harness.rest import ok, refused
from tests.harness.tool_server import TOKEN, calls, chat_with_tools
from tests.streaming.tools.test_decisions import after, decision


async def test_staff_add_test_and_change_one(daphne_place: Place, add_server):
    """Its secret is never told; the test says what was found, or why nothing was."""
    staff, person = await daphne_place.person(staff=True), await daphne_place.person()
    server = await add_server(staff, audience="staff", enabled_tools=["look_up"])
    path = f"/api/tool-servers/{server['id']}/"
    told = ok(await staff.page.post(f"{path}test/"))
    assert (told["ok"], told["message"]) == (True, f"{len(told['tools'])} tools were found.")
    row = ok(await staff.page.get(path))
    assert (row["has_secret"], row["health"]["ok"], row["audience"]) == (True, True, "staff")
    assert TOKEN not in str(row)
    offered = ok(await staff.rest.get("/api/tools/"))["results"]
    [found] = [entry for entry in offered if entry["name"] == server["name"]]
    assert [tool["name"] for tool in found["tools"]] == ["look_up"]
    for_others = ok(await person.rest.get("/api/tools/"))["results"]
    assert server["name"] not in [entry["name"] for entry in for_others]
    refused(await staff.page.patch(path, {"unknown": 1}), 400, "validation_error", "unknown")
    ok(await staff.page.patch(path, {"secret": "wrong"}))
    told = ok(await staff.page.post(f"{path}test/"))
    assert (told["ok"], told["message"]) == (
        *(False, f"The tool server {server['name']} refuses the credentials."),
    )
    ok(await staff.page.patch(path, {"url": f"http://127.0.0.1:{free_port()}/mcp"}))
    told = ok(await staff.page.post(f"{path}test/"))
    assert told["message"] == f"The tool server {server['name']} cannot be reached."
    assert told["code"] == "tool_server_unreachable"
    # A chat that uses it goes on without.
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket:
        assert (await socket.reply("Hi"))["status"] == "completed"
    assert (await staff.page.delete(path)).status_code == 204
    refused(await staff.page.get(path), 404, "not_found")


async def test_a_server_that_changes_its_list(daphne_place: Place, add_server):
    """Its new tool is found by the next test, and can be called from then on."""
    staff = await daphne_place.person(staff=True)
    server = await add_server(staff, trusted=True)
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket:
        end = await socket.reply(calls(server, ("change_list", {})), model="calls")
        await socket.send(decision(end))
        await after(socket, end)
        told = ok(await staff.page.post(f"/api/tool-servers/{server['id']}/test/"))
        assert "look_further" in [tool["name"] for tool in told["tools"]]
        end = await socket.reply(calls(server, ("look_further", {})), model="calls")
        assert "Further." in (await after(socket, end))["full_content"]


async def test_only_for_staff(daphne_place: Place):
    staff, person = await daphne_place.person(staff=True), await daphne_place.person()
    refused(await person.page.get("/api/tool-servers/"), 403, "staff_only")
    assert "results" in ok(await staff.rest.get("/api/tool-servers/"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "ftp://host/mcp"}, "url"),
        ({"url": "http://user:secret@host/mcp"}, "url"),
        ({"name": "a__b"}, "name"),
        ({"name": "builtin"}, "name"),
        ({"auth": "bearer"}, "secret"),
        ({"auth": "oauth", "secret": "x"}, "client_id"),
        ({"auth": "oauth", "client_id": "x"}, "issuer"),
        ({"auth": "header", "secret": "x"}, "header"),
        ({"auth": "bearer", "secret": "x\r\nHost: evil"}, "secret"),
        ({"audience": ["01900000-0000-7000-8000-000000000000"]}, "audience"),
    ],
)
async def test_what_is_refused(daphne_place: Place, fields: dict, field: str):
    staff = await daphne_place.person(staff=True)
    body = {"name": "wiki", "url": "http://127.0.0.1:1/mcp", **fields}
    refused(await staff.page.post("/api/tool-servers/", body), 400, "validation_error", field)
