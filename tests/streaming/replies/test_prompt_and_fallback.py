"""What of a long conversation reaches the model, and who answers when the first cannot."""

import asyncio
from collections.abc import Callable

import pytest

from tests.harness import WAIT_S
from tests.harness.fold import assert_same
from tests.harness.place import Place, place_at
from tests.harness.ports import free_port
from tests.harness.rest import ok, refused
from tests.harness.server import ChatServer
from tests.scripted.ollama import entry
from tests.scripted.ollama_scripts import REPLY, words

WHOLE = "".join(REPLY)


def sent(place: Place, index: int = -1) -> list[str]:
    """The texts that the model was given."""
    return [message["content"] for message in place.ollama.chats[index].json["messages"]]


async def test_a_long_history_is_cut_and_the_cut_is_counted(place: Place):
    """System messages and the newest stay; what was left out is told, and stored."""
    person = await place.person()
    chat = await person.conversation()
    place.ollama.models.append(entry("small", context_length=2048))
    await place.clerk("fill", conversation_id=chat, turns=40, words=50, system="Be brief.")
    async with person.socket(chat) as socket:
        await socket.ask("And now?", model="small")
        start = await socket.next("message_start")
        end = await socket.next("message_end")
    texts = sent(place)
    assert (texts[0], texts[-1]) == ("Be brief.", "And now?")
    context = start["context"]
    assert context["window"] == 2048
    assert 0 < context["prompt_tokens"] <= 2048 - 512
    # 80 of before and the new one, without the system message.
    assert context["dropped_messages"] == 81 - (len(texts) - 1) > 0
    assert place.ollama.chats[0].json["messages"][1]["role"] == "user"
    row = await person.rest.message(end["id"])
    assert row["context"] == context
    assert len(await person.rest.messages(chat)) == 83


async def test_the_window_is_told_and_never_changes(place: Place):
    """`num_ctx` is the same in every request to a model: another one would load it again."""
    person = await place.person()
    place.ollama.models.append(entry("steady", context_length=4096))
    for words_each, tokens in ((1, 256), (400, 1024), (30, 512)):
        chat = await person.conversation()
        await place.clerk("fill", conversation_id=chat, turns=10, words=words_each)
        parameters = {"max_tokens": tokens, "temperature": 0.1}
        ok(await person.rest.generate(chat, model="steady", parameters=parameters))
    windows = {exchange.json["options"]["num_ctx"] for exchange in place.ollama.chats}
    assert windows == {4096}


async def test_a_short_history_is_sent_whole(place: Place):
    """Nothing is dropped while there is room."""
    person = await place.person()
    chat = await person.conversation()
    for number in range(3):
        answer = ok(await person.rest.generate(chat, f"Question {number}"))
    assert answer["message"]["context"]["dropped_messages"] == 0
    assert sent(place) == ["Question 0", WHOLE, "Question 1", WHOLE, "Question 2"]


async def test_one_message_that_is_too_long_is_told(place: Place):
    """It is stored, and its reply fails with `context_length_exceeded`; no model is asked."""
    person = await place.person()
    chat = await person.conversation()
    place.ollama.models.append(entry("tiny", context_length=1024))
    answer = await person.rest.generate(chat, "word " * 2000, model="tiny")
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "context_length_exceeded"
    assert place.ollama.chats == []
    assert len(await person.rest.messages(chat)) == 2


async def test_failed_and_empty_replies_say_nothing_to_the_model(place: Place):
    """A reply without text is left out of the next prompt; a partial one is in it. Questions that
    follow each other then are one message."""
    person = await place.person()
    chat = await person.conversation()
    for model in ("html", "empty", "fin", "normal"):
        await person.rest.generate(chat, model, model=model)
    assert sent(place) == ["html\n\nempty\n\nfin", "".join(words(3)), "normal"]


@pytest.mark.parametrize("model", ["html", "busy", "missing:b=1", "close", "fin:after=0"])
async def test_the_second_provider_answers_when_the_first_cannot(fallback_place: Place, model: str):
    """As long as nothing was said, the next one is asked; the answer says so."""
    person = await fallback_place.person()
    chat, other = await person.conversation(), await person.conversation()
    answer = ok(await person.rest.generate(chat, model=model))
    assert (answer["provider_used"], answer["fallback_used"]) == ("openai", True)
    message = answer["message"]
    assert (message["status"], message["content"]) == ("completed", WHOLE)
    assert (message["provider_used"], message["fallback_used"]) == ("openai", True)
    assert message["model"] == "normal"
    async with person.socket(other) as socket:
        end = await socket.reply(model=model)
        assert (end["provider_used"], end["fallback_used"]) == ("openai", True)
        assert end["full_content"] == WHOLE


async def test_the_second_provider_answers_when_the_first_cannot_name_a_model(
    own_server: Callable[..., ChatServer],
):
    """Without a default model the first has to be asked for its list. When it is away, the next
    one's model answers; when nobody answers, REST tells whose failure it was."""
    server = own_server("daphne", CHAT_FALLBACK_PROVIDERS="openai", CHAT_DEFAULT_MODEL="")
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        person = await place.person()
        chat = await person.conversation()
        await place.ollama.stop()
        await place.openai.stop()
        answer = await person.rest.generate(chat, model=None)
        refused(answer, 502, "provider_unavailable")
        assert answer.json()["provider_used"] == "ollama"
        await place.openai.start(server.second_model_port)
        made = ok(await person.rest.generate(chat, model=None))
        assert (made["provider_used"], made["fallback_used"]) == ("openai", True)
        assert made["message"]["fallback_used"] is True
        async with person.socket(chat) as socket:
            end = await socket.reply(model=None)
            assert (end["provider_used"], end["fallback_used"]) == ("openai", True)
            assert_same(socket.thread.messages[-2:], (await person.rest.messages(chat))[-2:])
        asked = {"messages": [{"role": "user", "content": "Hello"}]}
        answer = await person.rest.http.post("/v1/chat/completions", json=asked)
        assert ok(answer)["provider_used"] == "openai"
        await place.ollama.start(server.model_port)


@pytest.mark.parametrize(
    ("away", "named"),
    [
        ([], "openai"),
        (["OPENAI_BASE_URL"], "inference"),
        (["OPENAI_BASE_URL", "INFERENCE_SERVICE_URL"], "ollama"),
        (["OPENAI_BASE_URL", "INFERENCE_SERVICE_URL", "OLLAMA_BASE_URL"], "openai"),
    ],
)
async def test_the_default_is_the_first_that_answers(
    own_server: Callable[..., ChatServer], away: list[str], named: str
):
    """Of those that are set up. When nobody does, the first says why."""
    nowhere = dict.fromkeys(away, f"http://127.0.0.1:{free_port()}/v1")
    unsaid = {"CHAT_DEFAULT_PROVIDER": "", "CHAT_DEFAULT_MODEL": ""}
    server = own_server("uvicorn", **unsaid, **nowhere)
    async with place_at(server) as place:
        await asyncio.to_thread(server.start)
        person = await place.person()
        answer = await person.rest.generate(await person.conversation(), model=None)
        assert answer.status_code == (502 if len(away) == 3 else 200), answer.text
        assert answer.json()["provider_used"] == named
        models = await person.rest.http.get("/v1/models")
        if len(away) == 3:
            assert models.status_code == 503
        else:
            assert ok(models)["data"][0]["owned_by"] == named


async def test_a_model_of_the_first_is_not_asked_of_its_stand_in(
    own_server: Callable[..., ChatServer],
):
    """Who names a model gets it, or hears why not; who names none, one that there is."""
    nowhere = f"http://127.0.0.1:{free_port()}/v1"
    settings = {"CHAT_DEFAULT_PROVIDER": "", "CHAT_DEFAULT_MODEL": "gpt-best"}
    away = {"OPENAI_BASE_URL": nowhere, "INFERENCE_SERVICE_URL": nowhere}
    server = own_server("uvicorn", **settings, **away)
    async with place_at(server) as place:
        await asyncio.to_thread(server.start)
        person = await place.person()
        chat = await person.conversation()
        for model in ("gpt-best", "gpt-other"):
            parameters = {"model": model}
            answer = await person.rest.generate(chat, model=None, parameters=parameters)
            refused(answer, 502, "provider_unavailable")
            assert answer.json()["provider_used"] == "openai"
            asked = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
            told = await person.rest.http.post("/v1/chat/completions", json=asked)
            assert told.status_code == 503
            told = await person.rest.http.post(
                "/v1/embeddings", json={"model": model, "input": "x"}
            )
            assert told.status_code == 503
        fresh = await person.conversation()
        made = ok(await person.rest.generate(fresh, model=None))
        assert (made["provider_used"], made["message"]["model"]) == ("ollama", "normal")
        made = ok(await person.rest.generate(fresh, model="normal"))
        assert made["provider_used"] == "ollama"


async def test_the_second_provider_is_named_while_it_answers(fallback_place: Place):
    """What is stored, and what those are told who come late, names who makes the reply now."""
    place = fallback_place
    person = await place.person()
    chat = await person.conversation()
    answering = place.openai.hold("/v1/chat/completions")
    async with person.socket(chat) as socket:
        await socket.ask(model="html")
        start = await socket.next("message_start")
        assert (start["provider_used"], start["model"]) == ("ollama", "html")
        await place.openai.chat()
        row = await person.rest.message(start["id"])
        assert (row["status"], row["fallback_used"]) == ("streaming", True)
        async with person.socket(chat) as late:
            snapshot = await late.next("message_start", id=start["id"])
        for told in (row, snapshot):
            assert (told["provider_used"], told["model"]) == ("openai", "normal")
        answering.set()
        await socket.next("message_end", status="completed")


async def test_a_fallback_folds_to_what_is_stored(fallback_place: Place):
    """The events of a reply that another provider made are what GET returns, model included."""
    person = await fallback_place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        end = await socket.reply(model="html")
        assert end["context"]["failed"] == [{"provider": "ollama", "code": "provider_failed"}]
        assert_same(socket.thread.messages, await person.rest.messages(chat))


async def test_when_nobody_answers_the_first_says_why(fallback_place: Place):
    """Its failure is told and stored with its name: the other was only asked because of it."""
    place = fallback_place
    person = await place.person()
    chat = await person.conversation()
    await place.openai.stop()
    async with person.socket(chat) as socket:
        end = await socket.reply(model="html")
        assert_same(socket.thread.messages, await person.rest.messages(chat))
    assert (end["provider_used"], end["fallback_used"]) == ("ollama", False)
    assert end["error"]["code"] == "provider_failed"
    assert end["tokens"]["total"] == 0


@pytest.mark.parametrize("model", ["error", "notools"])
async def test_no_second_provider_after_a_word_or_a_refusal(fallback_place: Place, model: str):
    """What was said cannot be unsaid, and what one refuses is wrong for all."""
    person = await fallback_place.person()
    answer = await person.rest.generate(await person.conversation(), model=model)
    assert answer.status_code == 502, answer.text
    assert answer.json()["fallback_used"] is False
    assert answer.json()["provider_used"] == "ollama"
    assert fallback_place.openai.chats == []


async def test_a_stop_asks_nobody_else(fallback_place: Place):
    """Stopping a silent first provider does not start the second."""
    person = await fallback_place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask(model="hang")
        start = await socket.next("message_start")
        await fallback_place.ollama.chat()
        await socket.stop(start["id"])
        end = await socket.next("message_end")
        assert (end["status"], end["fallback_used"]) == ("stopped", False)
    assert fallback_place.openai.chats == []


async def test_the_models_that_are_on_offer(daphne_place: Place):
    """What the page needs first: models, default, and the bounds of the parameters."""
    place = daphne_place
    staff = await place.person(staff=True)
    place.openai.models = ["normal", "reasoning"]
    listed = ok(await staff.rest.get("/api/models/", provider="openai"))
    assert listed["provider"] == "openai"
    assert listed["error"] is None
    assert {"normal", "reasoning"} <= {model["id"] for model in listed["results"]}
    listed = ok(await staff.rest.get("/api/models/"))
    assert (listed["provider"], listed["default"]) == ("ollama", "normal")
    assert set(listed["results"][0]) == {
        "id",
        "label",
        "provider",
        "stale",
        "context_length",
        "capabilities",
        "parameters",
        "size_bytes",
        "parameter_size",
        "quantization_level",
        "remote",
    }
    assert listed["parameters"] == {
        "temperature": {"min": 0.0, "max": 1.0, "step": 0.1, "default": 0.7},
        "max_tokens": {"min": 256, "max": 1024, "step": 1, "default": 512},
        "top_p": {"min": 0.0, "max": 1.0, "step": 0.05, "default": 1.0},
    }
    efforts = ["none", "minimal", "low", "medium", "high"]
    assert listed["choices"] == {"reasoning_effort": efforts}
    assert (await place.person()).rest is not None
    anonymous = await staff.rest.http.get("/api/models/", headers={"Authorization": "Bearer no"})
    refused(anonymous, 401, "not_authenticated")


async def test_a_model_that_was_pulled_a_moment_ago_can_be_asked(daphne_place: Place):
    """The remembered list is looked at again before a model is refused."""
    person = await daphne_place.person()
    chat = await person.conversation()
    name = f"fresh-{chat[:8]}"
    answer = await person.rest.generate(chat, model=name)
    refused(answer, 400, "validation_error", "parameters")
    daphne_place.ollama.models.append(entry(f"{name}:latest"))
    answer = ok(await person.rest.generate(chat, model=name))
    assert answer["message"]["model"] == f"{name}:latest"
    assert daphne_place.ollama.chats[-1].model == f"{name}:latest"


async def test_a_model_has_one_name(own_server: Callable[..., ChatServer]):
    """That under which the provider lists it, whichever way it was asked for or is configured:
    sent, told, stored and counted."""
    server = own_server("daphne", CHAT_DEFAULT_MODEL="normal", CHAT_ALLOWED_MODELS="normal,echo")
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        person = await place.person()
        await place.clerk("allow", model="ApiKey", row_id=person.key_id, allowed_models=["normal"])
        place.ollama.models = [entry("normal:latest"), entry("echo:latest")]
        chat = await person.conversation()
        for asked in (None, "normal", "normal:latest"):
            answer = ok(await person.rest.generate(chat, model=asked))
            assert answer["message"]["model"] == "normal:latest"
        v1 = {"model": "normal", "messages": [{"role": "user", "content": "Hello"}]}
        answer = ok(await person.rest.http.post("/v1/chat/completions", json=v1))
        assert answer["model"] == "normal:latest"
        embedded = {"model": "normal", "input": "Hello"}
        ok(await person.rest.http.post("/v1/embeddings", json=embedded))
        assert {exchange.model for exchange in place.ollama.chats} == {"normal:latest"}
        [row] = ok(await person.rest.get("/api/usage/"))["results"]
        assert (row["model"], row["requests"]) == ("normal:latest", 5)
        listed = ok(await person.rest.get("/api/models/"))
        assert listed["default"] == "normal:latest"
        assert [(one["id"], one["label"]) for one in listed["results"]] == [
            ("normal:latest", "normal")
        ]
        [one] = ok(await person.rest.get("/v1/models"))["data"]
        assert (one["id"], one["displayLabel"]) == ("normal:latest", "normal")


async def test_the_echo_provider_needs_nothing(daphne_place: Place):
    """For demonstrations: it says again what was said."""
    staff = await daphne_place.person(staff=True)
    chat = await staff.conversation()
    async with staff.socket(chat, query="?provider=echo") as socket, asyncio.timeout(WAIT_S):
        end = await socket.reply("Is anybody there?", model=None)
        assert end["provider_used"] == "echo"
        assert "Is anybody there?" in end["full_content"]
        assert_same(socket.thread.messages, await staff.rest.messages(chat))
