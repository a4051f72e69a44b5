"""Parameters that not every provider has."""

import pytest

from tests.harness.place import Place
from tests.harness.rest import ok, refused

SAMPLING = {"seed": 7, "stop": ["END"], "top_k": 20, "repeat_penalty": 1.1}
MORE = {**SAMPLING, "response_format": "json"}


async def test_who_has_them_gets_them(daphne_place: Place):
    """And the conversation remembers them."""
    person = await daphne_place.person()
    chat = await person.conversation()
    ok(await person.rest.generate(chat, parameters=MORE))
    ok(await person.rest.generate(chat, model=None))
    for asked in (chat.json for chat in daphne_place.ollama.chats):
        assert asked["options"].items() >= SAMPLING.items()
        assert asked["format"] == "json"
    assert (await person.rest.conversation(chat))["settings"].items() >= MORE.items()
    model = ok(await person.rest.get("/api/models/"))["results"][0]
    assert model["parameters"] == sorted(MORE)


@pytest.mark.parametrize("name", ["top_k", "repeat_penalty"])
async def test_one_that_the_provider_does_not_have_is_refused(daphne_place: Place, name: str):
    """By its name, on both doors, before anything is stored."""
    person = await daphne_place.person(staff=True)
    chat = await person.conversation()
    path = f"/api/conversations/{chat}/generate/?provider=openai"
    body = {"client_id": chat, "content": "Hi", "parameters": {name: SAMPLING[name]}}
    error = refused(await person.rest.post(path, body), 400, "unsupported_parameter", "parameters")
    assert list(error["fields"]["parameters"]) == [name]
    async with person.socket(chat, query="?provider=openai") as socket:
        await socket.ask(model=None, parameters=body["parameters"])
        assert (await socket.next("error"))["code"] == "unsupported_parameter"
    assert await person.rest.messages(chat) == []


async def test_what_is_remembered_is_left_out_elsewhere(daphne_place: Place):
    """And told."""
    person = await daphne_place.person(staff=True)
    chat = await person.conversation()
    answer = ok(await person.rest.generate(chat, parameters=MORE))
    assert answer["message"]["left_out"] is None
    async with person.socket(chat, query="?provider=openai") as socket:
        end = await socket.reply("And here?", model="normal")
    assert end["left_out"] == ["top_k", "repeat_penalty"]
    asked = daphne_place.openai.chats[-1].json
    assert (asked["seed"], asked["stop"]) == (7, ["END"])
    assert asked["response_format"] == {"type": "json_object"}
    assert not {"top_k", "repeat_penalty"} & asked.keys()


async def test_a_fallback_leaves_out_what_it_does_not_have(fallback_place: Place):
    """And says so at the end of the reply, and afterwards."""
    person = await fallback_place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        end = await socket.reply("Hi", model="first_error", parameters={"top_k": 20, "seed": 7})
    assert (end["fallback_used"], end["left_out"]) == (True, ["top_k"])
    assert (await person.rest.message(end["id"]))["left_out"] == ["top_k"]
    assert fallback_place.openai.chats[-1].json["seed"] == 7


@pytest.mark.parametrize(
    "parameters",
    [
        {"seed": 1.5},
        {"stop": "END"},
        {"stop": ["x"] * 17},
        {"stop": ["x" * 201]},
        {"top_k": 0},
        {"repeat_penalty": 3},
        {"response_format": "xml"},
    ],
)
async def test_values_that_are_refused(daphne_place: Place, parameters: dict):
    person = await daphne_place.person()
    answer = await person.rest.generate(await person.conversation(), parameters=parameters)
    refused(answer, 400, "validation_error", "parameters")
