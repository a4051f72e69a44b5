"""Signing in to a tool server: calls that wait for it, tokens of each person, and their end."""

import asyncio
import html
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.harness import WAIT_S
from tests.harness.fold import Event
from tests.harness.place import Place, place_at
from tests.harness.rest import ok, refused
from tests.harness.server import ChatServer
from tests.harness.sockets import Socket
from tests.harness.tool_server import calls, chat_with_tools
from tests.streaming.tools.oauth import Browser, SignInServers, sign_in
from tests.streaming.tools.test_decisions import after, decision, state_of

WHO = ("who_am_i", {})


@pytest.mark.parametrize("place", ["two"], indirect=True)
async def test_a_call_waits_until_its_owner_has_signed_in(
    place: Place, sign_in_servers: SignInServers
):
    """Each person has tokens of its own, and may come back to another process."""
    staff, person = await place.person(staff=True), await place.person()
    server = await sign_in_servers.add(staff)
    told = ok(await staff.page.post(f"/api/tool-servers/{server['id']}/test/"))
    assert told["message"] == f"Sign in to the tool server {server['name']} first."
    assert "Signed in" in await sign_in(staff, server, "ada")
    # Its tools are known now, also to those who have not signed in.
    chat = await chat_with_tools(person, server["name"])
    async with person.socket(chat) as socket:
        end = await socket.reply(calls(server, WHO), model="calls")
        assert (end["next"], state_of(end)) == ("decision", "needs_sign_in")
        await socket.send(decision(end))
        assert (await socket.next("error"))["code"] == "conflict"
        await sign_in(person, server, "grace", at=place.server.url)
        asked = await socket.next("tool_call", id=end["id"])
        assert asked["call"]["state"] == "asked"
        await socket.send(decision(end))
        assert "You are grace." in (await after(socket, end))["full_content"]
    [offered] = [
        entry
        for entry in ok(await person.rest.get("/api/tools/"))["results"]
        if entry["name"] == server["name"]
    ]
    assert (offered["signed_in"], offered["id"]) == (True, server["id"])


@pytest.mark.parametrize("place", ["two"], indirect=True)
async def test_new_tokens_are_got_once_by_one_of_all_processes(
    place: Place, sign_in_servers: SignInServers
):
    """Two calls at once find their token over. And one that the tool server refuses is renewed."""
    staff = await place.person(staff=True)
    server = await sign_in_servers.add(staff, trusted=True)
    await sign_in(staff, server, "ada")
    chats = [await chat_with_tools(staff, server["name"]) for _ in range(2)]
    async with staff.socket(chats[0]) as one, staff.socket(chats[1]) as other:

        async def ask(socket: Socket) -> Event:
            end = await socket.reply(calls(server, WHO), model="calls")
            assert state_of(end) == "allowed"
            return await after(socket, end)

        before = sign_in_servers.granted("refresh_token")
        assert await place.clerk("expire_tool_sign_ins", user_id=staff.id) == 1
        for last in await asyncio.gather(ask(one), ask(other)):
            assert last["full_content"] == "Results: You are ada."
        assert sign_in_servers.granted("refresh_token") == before + 1
        sign_in_servers.drop("AccessToken")
        assert (await ask(one))["full_content"] == "Results: You are ada."
        assert sign_in_servers.granted("refresh_token") == before + 2


async def test_a_refused_renewal_lets_the_call_wait_again(
    daphne_place: Place, sign_in_servers: SignInServers
):
    """A call that ran waits for another sign-in, also through a restart, and needs no second
    decision. A person may deny it instead."""
    place = daphne_place
    staff = await place.person(staff=True)
    server = await sign_in_servers.add(staff)
    await sign_in(staff, server, "ada")
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket:
        end = await socket.reply(calls(server, WHO, WHO), model="calls")
        for kind in ("AccessToken", "RefreshToken"):
            sign_in_servers.drop(kind)
        for position in range(2):
            assert state_of(end, position) == "asked"
            await socket.send(decision(end, position))
        both = {call["id"] for call in end["tool_calls"]}
        await socket.until(
            lambda: both == waiting(socket, end), WAIT_S, "both calls to wait for a sign-in"
        )
        await socket.send(decision(end, 1, allow=False))
        await sign_in(staff, server, "ada")
        last = await after(socket, end)
        assert "You are ada." in last["full_content"]
        assert "The user denied this call." in last["full_content"]
    assert state_of(await staff.rest.message(end["id"])) == "done"


async def test_a_call_that_needs_more_waits_for_another_sign_in(
    daphne_place: Place, sign_in_servers: SignInServers
):
    """Which asks for the scopes of both. What was asked for already is not asked for again."""
    staff = await daphne_place.person(staff=True)
    server = await sign_in_servers.add(staff, trusted=True)
    await sign_in(staff, server, "ada")
    chat = await chat_with_tools(staff, server["name"])
    async with staff.socket(chat) as socket:
        asked = calls(server, ("erase", {}), WHO, ("never", {}))
        end = await socket.reply(asked, model="calls")
        one = end["tool_calls"][0]
        await socket.next("tool_call", call={**one, "state": "needs_sign_in"})
        # The tokens that are there go on to be used.
        await sign_in(staff, server, "ada")
        last = await after(socket, end)
        for text in ("Erased.", "You are ada.", "does not let you do this with your sign-in"):
            assert text in last["full_content"]
        end = await socket.reply(calls(server, ("erase", {}), WHO), model="calls")
        assert "Erased." in (await after(socket, end))["full_content"]


async def test_a_client_may_be_a_document(
    own_server: Callable[..., ChatServer], sign_in_servers: SignInServers
):
    """Where the OAuth server reads it, and others can reach this server."""
    public = "https://chat.example.org"
    server = own_server("daphne", PUBLIC_URL=public, HTTPS_ONLY="off")
    server.start()
    async with place_at(server) as place:
        staff = await place.person(staff=True)
        url = f"{sign_in_servers.url}/astray/document"
        added = await sign_in_servers.add(staff, url=url, issuer="")
        answer = await staff.page.get(f"/api/tool-servers/{added['id']}/sign-in/")
        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        assert asked["client_id"] == [f"{public}/tools/client.json"]
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as nobody:
            document = (await nobody.get("/tools/client.json")).json()
        assert document["client_id"] == asked["client_id"][0]
        assert document["redirect_uris"] == asked["redirect_uri"] == [f"{public}/tools/callback/"]


def waiting(socket: Socket, end: Event) -> set[str]:
    """The calls that were last told to wait for a sign-in."""
    states = {event["call"]["id"]: event["call"]["state"] for event in told(socket, end)}
    return {call for call, state in states.items() if state == "needs_sign_in"}


def told(socket: Socket, end: Event) -> list[Event]:
    found: list[Event] = socket.heard("tool_call", id=end["id"])
    return found


async def test_secrets_are_encrypted_and_ending_revokes_them(
    daphne_place: Place, own_sign_in_servers: SignInServers
):
    """By oneself, with the account and with the server: the OAuth server keeps neither tokens nor
    our registration."""
    place, sign_in_servers = daphne_place, own_sign_in_servers
    staff = await place.person(staff=True)
    person, closed = await place.person(), await place.person()
    server = await sign_in_servers.add(staff)
    own = f"/api/tool-servers/{server['id']}/sign-in/"
    for one, name in ((closed, "closed"), (person, "grace")):
        await sign_in(one, server, name)
    [stored] = await place.clerk("tool_sign_ins", user_id=person.id)
    assert stored["pending"] == stored["state_hash"] == ""
    for name in ("client", "tokens"):
        assert stored[name].startswith("gAAAA")
    refused(await person.rest.get(own), 403, "missing_scope")
    await place.clerk("deactivate", user_id=closed.id)
    assert (await person.page.delete(own)).status_code == 204
    await sign_in_servers.until_nothing_is_kept()
    chat = await chat_with_tools(person, server["name"])
    async with person.socket(chat) as socket:
        end = await socket.reply(calls(server, WHO), model="calls")
        assert state_of(end) == "needs_sign_in"
    # A call that waits for a sign-in which nobody can make any more asks.
    path = f"/api/tool-servers/{server['id']}/"
    ok(await staff.page.patch(path, {"auth": "none"}))
    assert state_of(await person.rest.message(end["id"])) == "asked"
    ok(await staff.page.patch(path, {"auth": "oauth"}))
    for one, name in ((person, "grace"), (staff, "ada")):
        await sign_in(one, server, name)
    assert (await staff.page.delete(path)).status_code == 204
    await sign_in_servers.until_nothing_is_kept()
    # It is revoked first, and deleted then.
    async with asyncio.timeout(WAIT_S):
        while await place.clerk("tool_sign_ins", user_id=staff.id):
            await asyncio.sleep(0.05)


async def test_only_the_session_that_left_comes_back(
    daphne_place: Place, sign_in_servers: SignInServers
):
    """Once, and with the answer of the OAuth server that it was sent to."""
    place = daphne_place
    staff, person = await place.person(staff=True), await place.person()
    server = await sign_in_servers.add(staff)
    browser, other = Browser(staff), Browser(person)
    start = f"{place.last.url}/api/tool-servers/{server['id']}/sign-in/"

    async def back(who: Browser, url: str, **changes: str) -> str:
        query = {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
        response = await who.open(str(httpx.URL(url, params={**query, **changes})))
        return f"{response.status_code} {html.unescape(response.text)}"

    url = await browser.leave(start, "ada")
    asked = parse_qs(urlsplit((await browser.open(start)).headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["resource"] == [f"{sign_in_servers.url}/mcp"]
    assert "Start again" in await back(browser, url)  # another has begun meanwhile
    url = await browser.leave(start, "ada")
    assert "Start again" in await back(other, url)
    assert "Start again" in await back(browser, url, state="x")
    assert "from another OAuth server" in await back(browser, url, iss="https://evil.example")
    assert "Start again" in await back(browser, url)  # a state is good once
    url = await browser.leave(start, "ada")
    assert "invalid_grant" in await back(browser, url, code="x")
    url = await browser.leave(start, "ada")
    assert "did not let you in (access_denied)" in await back(browser, url, error="access_denied")
    url = await browser.leave(start, "ada")
    assert (await back(browser, url)).startswith("200")
    for one in (browser, other):
        await one.aclose()


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("private", "whose address is not a public one"),
        ("by-name", "whose address is not a public one"),
        ("plain", "whose address is not HTTPS"),
        ("another", "identifies itself as another"),
        ("large", "does not follow the protocol"),
        ("zipped", "does not follow the protocol"),
    ],
)
async def test_where_a_tool_server_may_not_lead(
    daphne_place: Place, sign_in_servers: SignInServers, kind: str, why: str
):
    staff = await daphne_place.person(staff=True)
    url = f"{sign_in_servers.url}/astray/{kind}"
    server = await sign_in_servers.add(staff, url=url, issuer="")
    answer = await staff.page.get(f"/api/tool-servers/{server['id']}/sign-in/")
    assert why in refused(answer, 409, "conflict")["message"]
    page = await staff.page.get(f"/tools/{server['name']}/sign-in")
    assert (page.status_code, why in page.text) == (400, True)


async def test_staff_may_name_the_client(daphne_place: Place, sign_in_servers: SignInServers):
    """With its secret, for the OAuth server that they name: no other is told it."""
    place = daphne_place
    staff = await place.person(staff=True)
    callback = f"{place.last.url}/tools/callback/"
    made = httpx.post(
        f"{sign_in_servers.issuer}/reg", json={"redirect_uris": [callback]}, timeout=WAIT_S
    ).json()
    given = {"client_id": made["client_id"], "secret": made["client_secret"]}
    server = await sign_in_servers.add(staff, **given)
    assert made["client_secret"] not in str(server)
    registered = sign_in_servers.kept()["kept"]["Client"]
    await sign_in(staff, server, "ada")
    assert sign_in_servers.kept()["kept"]["Client"] == registered
    url = f"{sign_in_servers.url}/astray/private"
    server = await sign_in_servers.add(staff, url=url, **given)
    answer = await staff.page.get(f"/api/tool-servers/{server['id']}/sign-in/")
    assert "another OAuth server" in refused(answer, 409, "conflict")["message"]


async def test_a_token_follows_no_redirect_to_another_origin(
    daphne_place: Place, sign_in_servers: SignInServers
):
    staff = await daphne_place.person(staff=True)
    url = f"{sign_in_servers.url}/astray/redirect"
    given = {"auth": "bearer", "secret": "the-token", "issuer": ""}
    server = await sign_in_servers.add(staff, url=url, **given)
    told = ok(await staff.page.post(f"/api/tool-servers/{server['id']}/test/"))
    assert told["ok"] is False
    assert httpx.get(f"{sign_in_servers.url}/came", timeout=WAIT_S).json() == []
