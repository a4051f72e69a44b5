"""What fits into a model's window: what refusals and counts teach, and when the window is full."""

from typing import Any
from uuid import uuid4

import pytest

from tests.harness.fold import assert_same
from tests.harness.place import Person, Place
from tests.harness.rest import ok
from tests.scripted import openai_strict as _strict  # noqa: F401 - adds its scripts
from tests.scripted.ollama import entry

ENGLISH = "The quick brown fox jumps over the lazy dog. "
CHINESE = "今天天气很好，我们去公园散步吧。"


def named(scenario: str) -> str:
    """A name for one test alone: servers that are shared remember what they learned."""
    return f"{scenario},once={uuid4().hex}"


async def asked(person: Person, chat: str, model: str, content: str = "And now?") -> dict[str, Any]:
    """The end of a reply by the OpenAI-compatible server."""
    async with person.socket(chat, query="?provider=openai") as socket:
        end = await socket.reply(content, model=model)
        assert_same(socket.thread.messages[-1:], (await person.rest.messages(chat))[-1:])
    return end


@pytest.mark.parametrize("style", ["llama", "vllm"])
async def test_a_refusal_teaches_the_window(place: Place, style: str):
    """The history is fitted again, once, before anything is told; and the next time at once."""
    person = await place.person(staff=True)
    chat = await person.conversation()
    model = named(f"window:n=1024,as={style}")
    await place.clerk("fill", conversation_id=chat, turns=40, words=20, system="Be brief.")
    async with person.socket(chat, query="?provider=openai") as socket:
        end = await socket.reply("And now?", model=model)
        assert (end["status"], end["fallback_used"]) == ("completed", False)
        assert len(socket.heard("message_start")) == 1
        assert_same(socket.thread.messages, (await person.rest.messages(chat))[-2:])
    first, second = place.openai.chats
    assert len(second.json["messages"]) < len(first.json["messages"])
    assert [m["content"] for m in second.json["messages"]][:: len(second.json["messages"]) - 1] == [
        "Be brief.",
        "And now?",
    ]
    context = end["context"]
    assert context["window"] == 1024
    assert context["dropped_messages"] == 81 - (len(second.json["messages"]) - 1)
    assert context["prompt_tokens"] == pytest.approx(end["tokens"]["prompt"], rel=0.15)
    # Room was left for the reply.
    assert end["tokens"]["prompt"] + second.json["max_tokens"] <= 1024
    end = await asked(person, chat, model)
    assert end["status"] == "completed"
    assert len(place.openai.chats) == (4 if place.server is not place.last else 3)


async def test_a_refusal_without_numbers(daphne_place: Place):
    """The prompt is longer than the window, whatever we thought."""
    person = await daphne_place.person(staff=True)
    chat = await person.conversation()
    model = named("window:n=8192,of=2,as=mute")
    await daphne_place.clerk("fill", conversation_id=chat, turns=60, words=50)
    end = await asked(person, chat, model)
    assert end["status"] == "completed"
    first, second = daphne_place.openai.chats
    assert len(second.json["messages"]) < len(first.json["messages"])
    assert end["context"]["dropped_messages"] == 121 - len(second.json["messages"])


async def test_what_does_not_fit_at_all_is_told(daphne_place: Place):
    """It is asked for once: nothing can be left out. The next message may be shorter."""
    person = await daphne_place.person(staff=True)
    chat = await person.conversation()
    model = named("window:n=256")
    end = await asked(person, chat, model, ENGLISH * 50)
    assert (end["status"], end["error"]["code"]) == ("failed", "context_length_exceeded")
    assert end["context"]["window"] == 8192
    assert len(daphne_place.openai.chats) == 1
    end = await asked(person, chat, model, "Hello")
    assert (end["status"], end["context"]["window"]) == ("completed", 256)
    assert end["context"]["dropped_messages"] == 1


async def test_a_program_hears_of_it(openai_place: Place):
    """`/v1` leaves nothing out: the refusal holds the words that programs look for."""
    place = openai_place
    person = await place.person()
    model = named("window:n=256")
    place.offer(model)
    messages = [{"role": "user", "content": ENGLISH * 50}, {"role": "user", "content": "Hello"}]
    body = {"model": model, "messages": messages}
    for _ in range(2):
        answer = await person.rest.http.post("/v1/chat/completions", json=body)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == "context_length_exceeded"
        assert "maximum context length is 256 tokens" in error["message"]
        assert "your messages resulted in" in error["message"]
    # The second time we knew.
    assert len(place.openai.chats) == 1


async def test_a_program_gets_what_there_is_room_for(openai_place: Place):
    """Where only the reply that was asked for is too long, a shorter one is asked for."""
    place = openai_place
    person = await place.person()
    model = named("window:n=1024,as=vllm")
    place.offer(model)
    messages = [{"role": "user", "content": ENGLISH * 50}, {"role": "user", "content": "Hello"}]
    body = {"model": model, "messages": messages, "max_tokens": 4000}
    ok(await person.rest.http.post("/v1/chat/completions", json=body))
    first, second = place.openai.chats
    assert first.json["messages"] == second.json["messages"] == messages
    assert first.json["max_tokens"] == 4000
    assert 300 < second.json["max_tokens"] < 1024


@pytest.mark.parametrize(("text", "of"), [(ENGLISH, 4.5), (CHINESE, 0.5), (ENGLISH + CHINESE, 2)])
async def test_the_estimate_learns(daphne_place: Place, text: str, of: float):
    """After one reply the second prompt is estimated within 15 % of the provider's count."""
    person = await daphne_place.person(staff=True)
    chat = await person.conversation()
    model = named(f"window:n=100000,of={of}")
    await asked(person, chat, model, text * 40)
    end = await asked(person, chat, model, text * 30)
    assert end["tokens"]["source"] == "provider"
    assert end["context"]["prompt_tokens"] == pytest.approx(end["tokens"]["prompt"], rel=0.15)


async def test_nothing_is_left_out_for_nothing(daphne_place: Place):
    """English was counted half as much again as it costs: what fits stays, once that is known."""
    person = await daphne_place.person(staff=True)
    chat = await person.conversation()
    model = named("window:n=8192,of=5")
    await asked(person, chat, model, ENGLISH * 50)
    long = await person.conversation()
    await daphne_place.clerk("fill", conversation_id=long, turns=70, words=38)
    end = await asked(person, long, model)
    assert end["tokens"]["prompt"] > 5000
    assert end["context"]["dropped_messages"] == 0


async def test_no_more_is_asked_for_than_there_is_room(place: Place):
    """And when the window is full, this is told, and stored."""
    person = await place.person()
    chat = await person.conversation()
    model = named("length:n=1")
    place.ollama.models.append(entry(model, context_length=1024))
    for content in (ENGLISH * 60, ENGLISH * 80):
        async with person.socket(chat) as socket:
            end = await socket.reply(content, model=model, parameters={"max_tokens": 1024})
            assert_same(socket.thread.messages[-1:], (await person.rest.messages(chat))[-1:])
    options = place.ollama.chats[-1].json["options"]
    assert 0 < options["num_predict"] <= 1024 - end["tokens"]["prompt"]
    assert (end["status"], end["finish_reason"]) == ("completed", "length")
    assert end["context"]["full"] is True
    row = await person.rest.message(end["id"])
    assert row["context"] == end["context"]
    assert row["context"]["full"] is True


async def test_a_window_with_room_is_not_full(daphne_place: Place):
    """A reply that ends at the length that was asked for."""
    person = await daphne_place.person()
    answer = ok(await person.rest.generate(await person.conversation(), model="length"))
    assert answer["message"]["finish_reason"] == "length"
    assert "full" not in answer["message"]["context"]


async def test_tools_count(daphne_place: Place):
    """What is asked for leaves room for them."""
    person = await daphne_place.person()
    model = named("length:n=1")
    daphne_place.ollama.models.append(entry(model, context_length=2048))
    parameters = {"type": "object", "properties": {"zone": {"description": ENGLISH * 20}}}
    tool = {"type": "function", "function": {"name": "clock", "parameters": parameters}}
    most = []
    for tools in ([], [tool]):
        messages = [{"role": "user", "content": ENGLISH * 20}]
        body = {"model": model, "messages": messages, "max_tokens": 2000, "tools": tools}
        ok(await person.rest.http.post("/v1/chat/completions", json=body))
        most.append(daphne_place.ollama.chats[-1].json["options"]["num_predict"])
    assert most[0] - most[1] > 150


async def test_the_window_is_listed(daphne_place: Place):
    """What a request has is `context_length`; what the model was made for, beside it."""
    person = await daphne_place.person()
    model = named("normal:m=1")
    daphne_place.ollama.models.append(
        entry(model, context_length=131072, parameters="num_ctx 2048")
    )
    ok(await person.rest.generate(await person.conversation(), model=model))
    listed = ok(await person.rest.get("/api/models/"))["results"]
    assert [m["context_length"] for m in listed if m["id"] == model] == [2048]
    for shown in (
        *ok(await person.rest.get("/v1/models"))["data"],
        ok(await person.rest.get(f"/v1/models/{model}")),
    ):
        if shown["id"] == model:
            assert shown["contextLength"] == 2048
            assert shown["metadata"]["contextLength"] == 131072


async def test_a_model_that_cannot_see_is_not_asked(daphne_place: Place):
    """A picture is refused at once, where the model is known not to take any."""
    person = await daphne_place.person()
    url = {"url": "data:image/png;base64,iVBORw0KGgo="}
    content = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": url}]
    body = {"model": "normal", "messages": [{"role": "user", "content": content}]}
    answer = await person.rest.http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == ("model_cannot_see", "messages")
    assert daphne_place.ollama.chats == []
    assert ok(await person.rest.get("/api/usage/"))["results"] == []
