"""Stopping: at odd moments, twice, of what is not there; and what else ends a reply."""

import asyncio

from tests.harness.place import Place
from tests.harness.rest import ok, refused
from tests.scripted.ollama_scripts import REPLY, words

NOBODY = "01900000-0000-7000-8000-000000000001"


async def test_stop_is_told_as_a_phase_and_the_row_shows_it(place: Place):
    """Between the stop and the end there may be a `stopping`; after the end there is none."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask(model="endless:gap=0.01")
        start = await socket.next("message_start")
        await socket.said("and and ")
        await socket.stop(start["id"])
        end = await socket.next("message_end")
        await socket.reply()
        phases = [event["phase"] for event in socket.heard("status", id=start["id"])]
        assert set(phases) <= {"loading", "prompt_eval", "generating", "stopping"}
        row = await person.rest.message(start["id"])
        assert (row["status"], row["content"]) == ("stopped", end["full_content"])
        assert row["completed_at"]


async def test_upstream_is_closed_before_the_end_is_told(place: Place):
    """When `message_end` arrives, the model has already seen that nobody listens."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        for number, model in enumerate(("hang", "stall:after=2", "endless:gap=0.001") * 2):
            await socket.ask(model=model)
            start = await socket.next("message_start")
            exchange = await place.ollama.chat(number)
            assert exchange.ended is None
            await socket.stop(start["id"])
            await socket.next("message_end", id=start["id"])
            assert await exchange.wait_ended() == "client_gone"


async def test_stopping_many_times_at_once_gives_one_end(place: Place):
    """Twenty stops from two sockets and REST: one end, one answer."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as one, person.socket(chat) as other:
        await one.ask(model="endless:gap=0.01")
        start = await one.next("message_start")
        await one.said("and ")
        stops = [socket.stop(start["id"]) for socket in (one, other) * 5]
        answers = await asyncio.gather(
            *stops, *(person.rest.stop(chat, start["id"]) for _ in range(10))
        )
        ends = [await socket.next("message_end") for socket in (one, other)]
        assert ends[0] == ends[1]
        assert {row["status"] for row in answers if row} == {"stopped"}
        assert {row["content"] for row in answers if row} == {ends[0]["full_content"]}


async def test_a_stop_that_comes_with_the_end_leaves_one_end(place: Place):
    """Stopping while the last token arrives gives a whole reply or a stopped one, never both."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        for number in range(20):
            gate = place.ollama.gate(f"edge{number}")
            await socket.ask(model=f"gate:id=edge{number},n=1")
            start = await socket.next("message_start", seq=0)
            gate.release(1)
            await socket.said("word0 ")
            gate.open()
            await socket.stop(start["id"])
            end = await socket.next("message_end", id=start["id"])
            row = await person.rest.message(start["id"])
            assert row["status"] == end["status"] in ("completed", "stopped")
            assert row["content"] == end["full_content"] == "word0 "
        await socket.reply()
        assert len(socket.heard("message_end")) == 21


async def test_stop_of_what_has_ended_or_is_not_there(place: Place):
    """Stopping an ended reply changes nothing and is no error; an unknown one is `not_found`."""
    person, stranger = await place.person(), await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        end = await socket.reply()
        assert (await person.rest.stop(chat, end["id"]))["status"] == "completed"
        await socket.stop(NOBODY)
        assert (await socket.next("error"))["code"] == "not_found"
    path = f"/api/conversations/{chat}/stop/"
    refused(await person.rest.post(path, {"id": NOBODY}), 404, "not_found")
    refused(await stranger.rest.post(path, {"id": end["id"]}), 404, "not_found")
    refused(await person.rest.post(path, {}), 400, "validation_error", "id")
    refused(await person.rest.post(path, {"id": "x"}), 400, "validation_error", "id")


async def test_a_message_can_follow_a_stop_at_once(place: Place):
    """After `message_end` with `stopped` the conversation is free, and the partial reply is part
    of what the model is told next."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask("Count", model="stall:after=2")
        start = await socket.next("message_start")
        await socket.said("word1 ")
        await socket.stop(start["id"])
        await socket.next("message_end")
        assert (await socket.reply("Go on"))["full_content"] == "".join(REPLY)
    said = [(m["role"], m["content"]) for m in place.ollama.chats[-1].json["messages"]]
    assert said == [("user", "Count"), ("assistant", "".join(words(2))), ("user", "Go on")]


async def test_deleting_a_conversation_stops_what_runs_in_it(place: Place):
    """DELETE closes the upstream request and the conversation's sockets with 4404."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask(model="endless:gap=0.01")
        await socket.said("and ")
        response = await person.rest.delete(f"/api/conversations/{chat}/")
        assert response.status_code == 204
        assert await (await place.ollama.chat()).wait_ended() == "client_gone"
        assert await socket.closed() == 4404
    refused(await person.rest.get(f"/api/conversations/{chat}/"), 404, "not_found")


async def test_rest_generate_answers_when_stopped(place: Place):
    """A `generate` whose reply is stopped from elsewhere answers 200 with what there is."""
    person = await place.person()
    chat = await person.conversation()
    call = asyncio.create_task(person.rest.generate(chat, model="stall:after=3"))
    async with person.socket(chat) as socket:
        await socket.said("word2 ")
        await socket.stop(socket.heard("message_start")[0]["id"])
        answer = ok(await call)
    assert (answer["message"]["status"], answer["message"]["finish_reason"]) == ("stopped", "stop")
    assert answer["message"]["content"] == "".join(words(3))


async def test_a_caller_of_generate_that_goes_away_stops_nothing(place: Place):
    """The reply belongs to the conversation: it is finished and stored."""
    person = await place.person()
    chat = await person.conversation()
    call = asyncio.create_task(person.rest.generate(chat, model="gate:id=gone,n=2"))
    exchange = await place.ollama.chat()
    call.cancel()
    await asyncio.wait([call])
    place.ollama.gate("gone").open()
    assert await exchange.wait_ended() == "complete"
    async with person.socket(chat) as socket:
        await socket.reply(queue=True)  # the end is stored a moment after the exchange
    assert (await person.rest.messages(chat))[1]["content"] == "".join(words(2))
