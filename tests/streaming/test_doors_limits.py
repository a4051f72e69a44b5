"""Limits and the queue for a provider, as the doors show them."""

from contextlib import AsyncExitStack
from uuid import uuid4

import httpx
import pytest

from tests.harness import WAIT_S
from tests.harness.place import Person, Place
from tests.harness.rest import Rest, ok, refused
from tests.harness.sockets import Socket


async def ask_elsewhere(person: Person, stack: AsyncExitStack, model: str) -> Socket:
    """A socket on a conversation of its own, in which a reply has begun."""
    socket = await stack.enter_async_context(person.socket(await person.conversation()))
    await socket.ask(model=model)
    await socket.next("message_start")
    return socket


def retry_after(response: httpx.Response) -> int:
    return int(response.headers["Retry-After"])


# --- So many a minute --------------------------------------------------------------------------


async def test_twenty_a_minute_over_all_doors(limited_place: Place):
    """Socket and REST count together; the twenty-first is refused on both, and stored nowhere."""
    person = await limited_place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        for _ in range(10):
            await socket.reply("By socket")
            ok(await person.rest.generate(chat, "By REST"))
        client_id = await socket.ask("One more")
        told = await socket.next("error")
        assert told["client_id"] == client_id
        assert told["code"] == "rate_limited"
        assert "20 requests a minute" in told["message"]
        answer = await person.rest.generate(chat, "One more")
        refused(answer, 429, "rate_limited")
        assert 1 <= retry_after(answer) <= 60
        figures = (await person.rest.get("/metrics")).text
        assert 'chat_refused_total{code="rate_limited"}' in figures
    assert len(await person.rest.messages(chat)) == 40
    assert await limited_place.clerk("count", model="UsageRecord", user_id=person.id) == 20


async def test_joining_costs_nothing(limited_place: Place):
    """A known client_id is answered when there is no request left, too."""
    person = await limited_place.person()
    await limited_place.clerk("allow", model="User", row_id=person.id, requests_per_minute=1)
    chat, client_id = await person.conversation(), str(uuid4())
    first = ok(await person.rest.generate(chat, "Hello", client_id=client_id))
    for _ in range(3):
        again = ok(await person.rest.generate(chat, "Hello", client_id=client_id))
        assert again["message"]["id"] == first["message"]["id"]
    refused(await person.rest.generate(chat), 429, "rate_limited")


async def test_no_limit_and_another_limit_for_one_user(limited_place: Place):
    """The admin's figures win over the settings; 0 is no limit."""
    free, bound = await limited_place.person(), await limited_place.person()
    await limited_place.clerk("allow", model="User", row_id=free.id, requests_per_minute=0)
    await limited_place.clerk("allow", model="User", row_id=bound.id, requests_per_minute=2)
    for person, most in ((free, 22), (bound, 2)):
        chat = await person.conversation()
        for _ in range(most):
            ok(await person.rest.generate(chat))
    refused(await bound.rest.generate(chat), 429, "rate_limited")


async def test_a_key_with_its_own_limit_counts_for_itself(limited_place: Place):
    """What its user says otherwise is not counted with it."""
    person = await limited_place.person()
    made = ok(await person.page.post("/api/keys/", {"name": "program"}), 201)
    await limited_place.clerk("allow", model="ApiKey", row_id=made["id"], requests_per_minute=1)
    chat = await person.conversation()
    async with Rest(limited_place.server.url, key=made["key"]) as program:
        ok(await program.generate(chat))
        refused(await program.generate(chat), 429, "rate_limited")
    ok(await person.rest.generate(chat))


# --- So many at once ---------------------------------------------------------------------------


async def test_three_at_once(limited_place: Place):
    """The fourth is refused until one has ended; a refusal uses up no request."""
    place = limited_place
    person = await place.person()
    chat = await person.conversation()
    async with AsyncExitStack() as stack:
        running = [await ask_elsewhere(person, stack, "gate:id=three,n=1") for _ in range(3)]
        for _ in range(20):
            answer = await person.rest.generate(chat)
            refused(answer, 429, "too_many_at_once")
            assert retry_after(answer) >= 1
        await running[2].stop(running[2].thread.messages[-1]["id"])
        await running[2].next("message_end", status="stopped")
        place.ollama.gate("three").open()
        ok(await person.rest.generate(chat))
        for socket in running[:2]:
            await socket.next("message_end", status="completed")


@pytest.mark.parametrize("model", ["stall:after=1", "close", "garbage"])
async def test_every_end_frees_the_place(limited_place: Place, model: str):
    """Stopped or failed: the only permit is free for the next."""
    person = await limited_place.person()
    await limited_place.clerk("allow", model="User", row_id=person.id, concurrent_requests=1)
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        for _ in range(3):
            await socket.ask(model=model)
            start = await socket.next("message_start")
            await socket.stop(start["id"])
            end = await socket.next("message_end", id=start["id"])
            assert end["status"] in ("stopped", "failed")
        await socket.reply()


async def test_queued_messages_wait_for_a_place(limited_place: Place):
    """They go out when there is room, whether their conversation was busy or not."""
    place = limited_place
    person = await place.person()
    await place.clerk("allow", model="User", row_id=person.id, concurrent_requests=1)
    idle = await person.conversation()
    async with AsyncExitStack() as stack:
        busy = await ask_elsewhere(person, stack, "gate:id=place,n=1")
        waiting = await stack.enter_async_context(person.socket(idle))
        await waiting.ask("Later", queue=True)
        told = await waiting.next("queue")
        assert [item["content"] for item in told["items"]] == ["Later"]
        place.ollama.gate("place").open()
        await busy.next("message_end", status="completed")
        await waiting.next("user_message", content="Later")
        await waiting.next("message_end", status="completed")
        await waiting.until(lambda: waiting.heard("queue", items=[]), WAIT_S, "empty queue")
    assert not waiting.heard("error")


# --- The queue for a provider ------------------------------------------------------------------


async def test_the_queue_is_fair_and_tells_positions(limited_place: Place):
    """Two go to the model, the others get positions; a newcomer goes before a third request."""
    place = limited_place
    many, one = await place.person(), await place.person()
    async with AsyncExitStack() as stack:
        first = await ask_elsewhere(many, stack, "gate:id=first,n=1")
        second = await ask_elsewhere(many, stack, "gate:id=second,n=1")
        await place.ollama.chat(1)
        third = await ask_elsewhere(many, stack, "gate:id=third,n=1")
        await third.next("status", phase="queued", position=1)
        newcomer = await ask_elsewhere(one, stack, "gate:id=newcomer,n=1")
        since = await newcomer.next("status", phase="queued", position=1)
        figures = (await one.rest.get("/metrics")).text
        assert 'chat_line_places{provider="ollama"} 2.0' in figures
        assert 'chat_line_waiting{provider="ollama"} 2.0' in figures
        moved = await third.next("status", phase="queued", position=2)
        place.ollama.gate("first").open()
        await first.next("message_end", status="completed")
        await place.ollama.chat(2)
        assert place.ollama.chats[2].model.startswith("gate:id=newcomer")
        again = await third.next("status", phase="queued", position=1)
        assert again["since"] == moved["since"]
        assert since["since"] <= newcomer.heard("status")[-1]["since"]
        for gate in ("second", "newcomer", "third"):
            place.ollama.gate(gate).open()
        for socket in (second, newcomer, third):
            await socket.next("message_end", status="completed")


async def test_stopping_in_the_queue_asks_the_model_nothing(limited_place: Place):
    """The next request has the position at once."""
    place = limited_place
    person, other = await place.person(), await place.person()
    async with AsyncExitStack() as stack:
        for gate in ("a", "b"):
            await ask_elsewhere(person, stack, f"gate:id={gate},n=1")
        await place.ollama.chat(1)
        waiting = await ask_elsewhere(other, stack, "normal")
        await waiting.next("status", phase="queued", position=1)
        await waiting.stop(waiting.thread.messages[-1]["id"])
        end = await waiting.next("message_end", status="stopped")
        assert end["full_content"] == ""
        assert len(place.ollama.chats) == 2
        for gate in ("a", "b"):
            place.ollama.gate(gate).open()
        await waiting.reply()


# --- Keys --------------------------------------------------------------------------------------


async def test_a_revoked_key_ends_what_runs_with_it(place: Place):
    """Its replies are stopped, in other processes too, and its sockets closed; others go on."""
    person = await place.person()
    made = ok(await person.page.post("/api/keys/", {"name": "program"}), 201)
    chat, own = await person.conversation(), await person.conversation()
    async with (
        person.socket(own) as mine,
        person.socket(chat) as watching,
        Socket(
            f"ws://{place.server.address}/ws/chat/{chat}/",
            {"Authorization": f"Bearer {made['key']}"},
            place.offer,
        ) as program,
    ):
        await mine.ask(model="gate:id=mine,n=1")
        await place.ollama.chat()
        await program.ask(model="endless")
        start = await watching.next("message_start")
        await watching.said("and and")
        assert (await person.page.delete(f"/api/keys/{made['id']}/")).status_code == 204
        await watching.next("message_end", id=start["id"], status="stopped")
        assert await program.closed() == 4401
        assert await place.ollama.chats[1].wait_ended() == "client_gone"
        place.ollama.gate("mine").open()
        await mine.next("message_end", status="completed")


async def test_an_expired_key_ends_what_runs_with_it(limited_place: Place):
    """And its sockets. Nobody tells the server; it looks."""
    person = await limited_place.person()
    chat = await person.conversation()
    async with person.page_socket(chat) as page, person.socket(chat) as program:
        await program.ask(model="endless")
        start = await page.next("message_start")
        await limited_place.clerk("expire_key", key_id=person.key_id)
        await page.next("message_end", id=start["id"], status="stopped")
        assert await program.closed() == 4401


async def test_sessions_that_another_program_ends_close_their_sockets(limited_place: Place):
    """On a command line, say. Nobody tells the server; it looks. Who is still signed in is not
    disturbed."""
    left, right, gone, stays = [await limited_place.person() for _ in range(4)]
    sockets = [person.page_socket(await person.conversation()) for person in (left, right, gone)]
    staying = stays.page_socket(await stays.conversation())
    async with AsyncExitStack() as stack:
        for socket in (*sockets, staying):
            await stack.enter_async_context(socket)
            await socket.next("ready")
        await limited_place.clerk("change_password", user_id=left.id)
        await limited_place.clerk("end_session", session=right.session)
        await limited_place.clerk("deactivate", user_id=gone.id)
        for socket in sockets:
            assert await socket.closed() == 4401
        await staying.ask("still here")
        await staying.next("message_end", status="completed")


async def test_what_is_revoked_in_the_admin_ends_at_once(daphne_place: Place):
    """A deleted key, and an account that may not sign in any more."""
    staff = await daphne_place.person(staff=True)
    await daphne_place.clerk("allow", model="User", row_id=staff.id, is_superuser=True)
    for what in ("key", "account"):
        person = await daphne_place.person()
        chat = await person.conversation()
        async with person.socket(chat) as socket:
            await socket.ask(model="endless")
            await socket.said("and and")
            if what == "key":
                path = f"/admin/conversations/apikey/{person.key_id}/delete/"
                form = {"post": "yes"}
            else:
                path = f"/admin/conversations/user/{person.id}/change/"
                form = {
                    "username": person.name,
                    "date_joined_0": "2026-01-01",
                    "date_joined_1": "0:0",
                }
            answer = await staff.page.http.post(path, data=form)
            assert answer.status_code == 302, answer.text
            assert await socket.closed() == 4401
        assert await daphne_place.ollama.chats[-1].wait_ended() == "client_gone"
