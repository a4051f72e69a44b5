"""How sockets are refused and closed. 1012 is in `test_crash.py`."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from streaming.socket.consumer import ChatConsumer
from streaming.socket.writer import SocketWriter
from tests.harness import WAIT_S
from tests.harness.fold import assert_follows_the_rules
from tests.harness.place import Place, place_at
from tests.harness.rest import assert_sentence, ok
from tests.harness.server import ChatServer
from tests.harness.sockets import Socket

NOBODY = "01900000-0000-7000-8000-000000000001"


async def turned_away(socket: Socket) -> tuple[str, int | None]:
    """The code of the error event and the close code of a socket that is not served."""
    async with socket:
        error = await socket.next("error")
        assert_sentence(error["message"])
        code = await socket.closed()
        assert socket.heard("ready") == []
        return error["code"], code


def stranger(place: Place, chat: str, headers: dict[str, str], query: str = "") -> Socket:
    return Socket(f"ws://{place.server.address}/ws/chat/{chat}/{query}", headers)


async def test_4401_for_who_is_not_signed_in(place: Place):
    """No credentials, an unknown key, a made-up session, a key in the query string."""
    person = await place.person()
    chat = await person.conversation()
    for headers in (
        {},
        {"Authorization": "Bearer cp_wrong"},
        {"Authorization": f"Basic {person.key}"},
        {"Cookie": "sessionid=madeup", "Origin": place.server.url},
        {"Cookie": 'sessionid=";;=;', "Origin": place.server.url},
        {"Origin": "https://evil.example"},  # without a cookie it is nobody's page
        # A wrong key is refused even where the session would do.
        {"Authorization": "Bearer cp_wrong", "Cookie": f"sessionid={person.session}"},
    ):
        assert await turned_away(stranger(place, chat, headers)) == ("not_authenticated", 4401)
    for query in (f"?key={person.key}", f"?token={person.key}", f"?api_key={person.key}"):
        found = await turned_away(stranger(place, chat, {}, query))
        assert found == ("not_authenticated", 4401)


async def test_4401_for_an_expired_key_and_a_closed_account(place: Place):
    """A key whose time is over, and an account that may not sign in."""
    late, gone = await place.person(), await place.person()
    chats = [await late.conversation(), await gone.conversation()]
    await place.clerk("expire_key", key_id=late.key_id)
    await place.clerk("deactivate", user_id=gone.id)
    assert await turned_away(late.socket(chats[0])) == ("not_authenticated", 4401)
    assert await turned_away(gone.socket(chats[1])) == ("not_authenticated", 4401)
    assert await turned_away(gone.page_socket(chats[1])) == ("not_authenticated", 4401)


async def test_4404_for_what_is_not_there_or_not_theirs(place: Place):
    """Missing and foreign are not told apart."""
    person, other = await place.person(), await place.person()
    chat = await other.conversation()
    answers = [
        await turned_away(person.socket(which)) for which in (chat, NOBODY, "not-an-id", "%00")
    ]
    assert set(answers) == {("not_found", 4404)}
    elsewhere = Socket(f"ws://{place.server.address}/ws/nothing/", {})
    assert await turned_away(elsewhere) == ("not_found", 4404)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://127.0.0.1:1", "https://{host}", "null", "http://evil.{host}"],
)
async def test_a_page_of_another_origin_is_refused_before_accept(place: Place, origin: str):
    """With the cookie but from elsewhere: 403, and no socket."""
    person = await place.person()
    chat = await person.conversation()
    with pytest.raises(InvalidStatus) as refusal:
        async with person.page_socket(chat, origin.replace("{host}", place.server.address)):
            pass
    assert refusal.value.response.status_code == 403


async def test_a_cookie_without_an_origin_opens_no_socket(place: Place):
    """Every browser names the page: what does not is no browser, and has a key."""
    person = await place.person()
    chat = await person.conversation()
    with pytest.raises(InvalidStatus) as refusal:
        async with stranger(place, chat, {"Cookie": f"sessionid={person.session}"}):
            pass
    assert refusal.value.response.status_code == 403


async def test_our_own_page_and_programs_are_let_in(place: Place):
    """The cookie from our origin; a key from any origin."""
    person = await place.person()
    chat = await person.conversation()
    key = {"Authorization": f"Bearer {person.key}", "Origin": "https://anywhere.example"}
    for socket in (
        person.page_socket(chat),
        stranger(place, chat, key),
    ):
        async with socket:
            ready = await socket.next("ready")
            assert (ready["protocol"], ready["conversation_id"]) == (1, chat)
            assert repr(ready["heartbeat_s"]) == "120"  # as the contract writes it


async def test_what_stands_behind_an_address_is_not_logged(own_server: Callable[..., ChatServer]):
    """It may be a key; the addresses of requests and of sockets are."""
    server = own_server("uvicorn", UVICORN_LOG_LEVEL="info")
    server.start()
    async with place_at(server) as place:
        person = await place.person()
        chat = await person.conversation()
        await person.rest.get("/api/me/", key="cp_wrongly_here")
        async with person.socket(chat, query="?key=cp_wrongly_here") as socket:
            await socket.next("ready")
        async with asyncio.timeout(WAIT_S):
            while not all(logged in server.log for logged in ("/api/me/ ", f'/ws/chat/{chat}/"')):
                await asyncio.sleep(0.05)
        assert "cp_wrongly_here" not in server.log


async def test_4401_within_seconds_of_signing_out(place: Place):
    """Signing out closes the session's sockets, and not those with a key."""
    person = await place.person()
    chat = await person.conversation()
    async with person.page_socket(chat) as page, person.socket(chat) as program:
        for socket in (page, program):
            await socket.next("ready")
        response = await person.page.http.post("/signout/", headers={"Referer": place.server.url})
        assert response.status_code in (200, 302)
        assert await page.closed() == 4401
        assert page.heard("error")[0]["code"] == "not_authenticated"
        await program.reply()


async def test_4401_within_seconds_of_revoking_a_key(place: Place):
    """Revoking a key closes its sockets, and not those with another."""
    person = await place.person()
    chat = await person.conversation()
    second = ok(await person.page.post("/api/keys/", {"name": "second"}), 201)
    headers = {"Authorization": f"Bearer {second['key']}"}
    async with person.socket(chat) as first, stranger(place, chat, headers) as other:
        for socket in (first, other):
            await socket.next("ready")
        assert (await person.page.delete(f"/api/keys/{second['id']}/")).status_code == 204
        assert await other.closed() == 4401
        await first.reply()


async def test_who_is_let_in_late_has_missed_nothing(postgresql_place: Place):
    """What begins and ends between the handshake and the place among those who are told of it; and
    nobody is accepted before the credentials were looked at."""
    place = postgresql_place
    person = await place.person()
    chat = await person.conversation()
    async with (
        person.socket(chat) as first,
        await psycopg.AsyncConnection.connect(place.server.environment["DATABASE_URL"]) as lock,
    ):
        await first.next("ready")
        await lock.execute("LOCK TABLE django_session")
        late = person.page_socket(chat)
        opening = asyncio.create_task(late.__aenter__())
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        async with asyncio.timeout(WAIT_S):
            while await (await lock.execute(waiting)).fetchone() == (0,):
                await asyncio.sleep(0.02)
        end = await first.reply()
        assert not opening.done()
        await lock.rollback()
        await opening
        try:
            await late.next("ready")
            await late.next("user_message")
            assert await late.next("message_end") == end
            assert_follows_the_rules(late.events)
        finally:
            await late.close()


async def test_4401_when_nobody_told_the_socket(impatient_place: Place):
    """An account closed from elsewhere is noticed on the heartbeat."""
    person = await impatient_place.person()
    async with person.socket(await person.conversation()) as socket:
        await socket.next("heartbeat")
        await impatient_place.clerk("deactivate", user_id=person.id)
        assert await socket.closed() == 4401


async def test_4400_for_one_who_keeps_sending_nonsense(place: Place):
    """Each frame is answered with an error; after ten in a row the socket is closed."""
    person = await place.person()
    async with person.socket(await person.conversation()) as socket:
        for _ in range(9):
            await socket.send("nonsense")
            await socket.next("error", code="invalid_frame")
        await socket.reply()  # a frame that makes sense begins the count again
        for _ in range(9):
            await socket.send("nonsense")
        assert len(socket.heard("error")) >= 9
        await socket.send(b"\x00\x01")
        assert await socket.closed() == 4400


async def test_4429_for_too_many_sockets(impatient_place: Place):
    """A fourth of three is turned away; when one is closed there is room again."""
    person, other = await impatient_place.person(), await impatient_place.person()
    chat = await person.conversation()
    async with AsyncExitStack() as stack:
        for _ in range(3):
            socket = await stack.enter_async_context(person.socket(chat))
            await socket.next("ready")
        assert await turned_away(person.socket(chat)) == ("too_many_sockets", 4429)
        async with other.socket(await other.conversation()) as another:
            await another.next("ready")
        await socket.close()
        await impatient_place_has_room(person, chat)


async def impatient_place_has_room(person, chat: str) -> None:
    """The server notices a close a moment later than the client."""
    for _ in range(50):
        async with person.socket(chat) as socket:
            first = await socket.until(
                lambda socket=socket: socket.events[0] if socket.events else None,
                WAIT_S,
                "an event",
            )
            if first["type"] == "ready":
                return
    raise AssertionError("no room")


async def test_1009_for_a_frame_that_is_too_large(place: Place):
    """Above a million bytes: said, then closed. A large one below it is taken."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.send('{"type":"heartbeat","x":"' + "x" * 990_000 + '"}')
        await socket.reply()
        await socket.send('{"type":"heartbeat","x":"' + "x" * 1_000_000 + '"}')
        assert (await socket.next("error"))["code"] == "too_large"
        assert await socket.closed() == 1009
    async with person.socket(chat) as socket:
        await socket.send('"' + "€" * 340_000 + '"')
        assert await socket.closed() == 1009
    async with person.socket(chat) as socket:
        await socket.next("ready")
        await socket.try_to_send("x" * 2_000_000)
        assert (await socket.next("error"))["code"] == "too_large"
        assert await socket.closed() == 1009


async def test_1009_for_a_frame_beyond_any_measure(place: Place):
    """Twenty megabytes are not taken, and the server goes on."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.next("ready")
        await socket.try_to_send("x" * 20_000_000)
        assert await socket.closed() == 1009
    async with person.socket(chat) as socket:
        await socket.reply()


async def test_heartbeats_come_and_go(impatient_place: Place):
    """The server beats as often as `ready` says, and takes ours."""
    person = await impatient_place.person()
    async with person.socket(await person.conversation()) as socket:
        assert (await socket.next("ready"))["heartbeat_s"] == 0.2
        for _ in range(5):
            await socket.send({"type": "heartbeat"})
            await socket.next("heartbeat")
        assert socket.heard("error") == []


async def test_1011_when_the_work_of_a_socket_fails(caplog: pytest.LogCaptureFixture):
    """A socket that could only beat would keep its client waiting: it is told, and closed."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def fail() -> None:
        raise RuntimeError("planted")

    consumer = ChatConsumer()
    consumer.out, consumer._tasks, consumer._running_commands = SocketWriter(send), set(), set()
    with caplog.at_level(logging.ERROR, "streaming"):
        consumer._start(fail())
        while consumer._tasks:
            await asyncio.wait(consumer._tasks)
            await asyncio.sleep(0)
    assert [message["type"] for message in sent] == ["websocket.send", "websocket.close"]
    assert '"code":"internal"' in sent[0]["text"]
    assert "planted" not in sent[0]["text"]
    assert sent[1]["code"] == 1011
    assert "a socket's task failed" in caplog.text


async def test_sockets_that_are_not_signed_in_are_bounded():
    """Of one address 32 may be open, told and not yet gone; further ones are refused before accept.
    What a client says of its address changes nothing, and those of others are told."""

    async def first_answer(address: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> str:
        """What a socket hears first, which then does not go away."""
        answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        arrived = iter([{"type": "websocket.connect"}])

        async def receive() -> dict[str, Any]:
            for message in arrived:
                return message
            return await asyncio.Future()

        scope = {
            "type": "websocket",
            "client": (address, 5000),
            "headers": [*headers],
            "url_route": {"kwargs": {"conversation_id": NOBODY}},
        }
        open_sockets.append(asyncio.create_task(ChatConsumer()(scope, receive, answers.put)))
        return str((await answers.get())["type"])

    open_sockets: list[asyncio.Task[None]] = []
    try:
        told = [await first_answer("2001:db8::1") for _ in range(32)]
        assert set(told) == {"websocket.accept"}
        forwarded = [(b"x-forwarded-for", b"192.0.2.1")]
        assert await first_answer("2001:db8::2", forwarded) == "websocket.close"
        assert await first_answer("2001:db8:1::1") == "websocket.accept"
    finally:
        for task in open_sockets:
            task.cancel()
        await asyncio.wait(open_sockets)
    try:
        assert await first_answer("2001:db8::1") == "websocket.accept"
    finally:
        open_sockets[-1].cancel()
        await asyncio.wait(open_sockets)


async def test_4429_for_a_flood_of_frames(place: Place):
    """A burst is taken; who never slows down is told, and closed; another socket is served."""
    person, other = await place.person(), await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        for _ in range(150):
            await socket.send({"type": "heartbeat"})
        await socket.reply()

        async def flood() -> None:
            while True:
                await socket.send({"type": "heartbeat"})
                await asyncio.sleep(0.005)  # or its own reader would never have its turn

        flooding = asyncio.create_task(flood())
        async with other.socket(await other.conversation()) as another:
            await another.reply()
        assert (await socket.next("error", within=2 * WAIT_S))["code"] == "rate_limited"
        assert await socket.closed() == 4429
        with pytest.raises(ConnectionClosed):
            await flooding
