"""Every way in which a model fails, on the socket and by REST: a typed code, a sentence, the text
so far, the right status, and nothing of what the model's server said."""

import json
import re

import pytest

from tests.harness.fold import assert_same
from tests.harness.place import Place
from tests.harness.rest import assert_clean, assert_sentence, ok, refused
from tests.scripted.ollama_scripts import ODD_TEXT, REPLY, words

SOME = "".join(words(3))
WHOLE = "".join(REPLY)

# The model that fails, the error's code, the status by REST, and the text that stays.
OLLAMA = [
    ("missing:a=1", "model_not_found", 502, ""),
    ("nothink", "provider_refused", 502, ""),
    ("notools", "provider_refused", 502, ""),
    ("memory", "provider_failed", 502, ""),
    ("busy", "provider_busy", 503, ""),
    ("signin", "provider_auth_failed", 502, ""),
    ("limit", "provider_rate_limited", 503, ""),
    ("html", "provider_failed", 502, ""),
    ("forbidden", "provider_auth_failed", 502, ""),
    ("nocloud", "provider_auth_failed", 502, ""),
    ("toolong", "context_length_exceeded", 502, ""),
    ("hidden", "provider_failed", 502, ""),
    ("close", "provider_unavailable", 502, ""),
    ("garbage", "", 502, ""),
    ("first_error", "provider_failed", 502, ""),
    ("error", "provider_failed", 502, SOME),
    ("error_json", "provider_failed", 502, SOME),
    ("error_list", "stream_broken", 502, SOME),
    ("error_context", "context_length_exceeded", 502, SOME),
    ("fin", "stream_broken", 502, SOME),
    ("rst", "stream_broken", 502, SOME),
    ("cut", "stream_broken", 502, SOME),
    ("nodone", "stream_broken", 502, SOME),
    ("malformed", "stream_broken", 502, SOME),
    ("nonobject", "stream_broken", 502, SOME),
    ("deep", "stream_broken", 502, SOME),
]
OPENAI = [
    ("key", "provider_auth_failed", 502, ""),
    ("limit", "provider_rate_limited", 503, ""),
    ("quota", "provider_rate_limited", 503, ""),
    ("busy", "provider_busy", 503, ""),
    ("html", "provider_failed", 502, ""),
    ("toolong", "context_length_exceeded", 502, ""),
    ("close", "provider_unavailable", 502, ""),
    ("error", "provider_failed", 502, SOME),
    ("fin", "stream_broken", 502, SOME),
    ("lost", "stream_broken", 502, SOME),
    ("malformed", "stream_broken", 502, SOME),
]


async def fails(place: Place, provider: str, model: str, code: str, status: int, text: str) -> None:
    """Both doors tell the same failure in the same words."""
    person = await place.person(staff=True)
    place.offer(model)
    chat, other = await person.conversation(), await person.conversation()
    async with person.socket(chat, query=f"?provider={provider}") as socket:
        end = await socket.reply(model=model)
        assert (end["status"], end["finish_reason"]) == ("failed", None)
        assert code in ("", end["error"]["code"]), end["error"]
        assert_sentence(end["error"]["message"])
        assert end["full_content"].startswith(text)
        assert end["provider_used"] == provider
        assert_clean(json.dumps(socket.events))
        assert_same(socket.thread.messages, await person.rest.messages(chat))
    path = f"/api/conversations/{other}/generate/?provider={provider}"
    body = {"client_id": other, "content": "Hello", "parameters": {"model": model}}
    answer = await person.rest.post(path, body)
    assert answer.status_code == status, answer.text
    assert ("retry-after" in answer.headers) == (status == 503)
    told = answer.json()
    if named := re.search(r"in (\d+) s", told["error"]["message"]):
        assert answer.headers["retry-after"] == named[1] == str(end["error"]["retry_after"])
    assert set(told) >= {"error", "user_message", "message", "provider_used", "tokens"}
    assert told["error"] == {
        name: end["error"][name] for name in ("code", "message", "detail") if name in end["error"]
    }
    assert told["message"]["content"] == end["full_content"]
    assert told["message"]["error"] == end["error"]
    assert (told["message"]["status"], told["provider_used"]) == ("failed", provider)
    assert_clean(answer.text)
    # The conversation is free again.
    ok(await person.rest.generate(other))


@pytest.mark.parametrize(("model", "code", "status", "text"), OLLAMA)
async def test_ollama_fails(daphne_place: Place, model: str, code: str, status: int, text: str):
    """What Ollama can answer instead of a reply."""
    await fails(daphne_place, "ollama", model, code, status, text)


@pytest.mark.parametrize(("model", "code", "status", "text"), OPENAI)
@pytest.mark.parametrize("provider", ["openai", "inference"])
async def test_openai_fails(
    daphne_place: Place, provider: str, model: str, code: str, status: int, text: str
):
    """What a server with OpenAI's protocol can answer instead of a reply."""
    await fails(daphne_place, provider, model, code, status, text)


async def test_programs_get_the_reason_in_the_words_of_the_provider(place: Place):
    """Without addresses, in the event, the row and the answer of REST."""
    person = await place.person(staff=True)
    chat = await person.conversation()
    place.offer("odd")
    async with person.socket(chat, query="?provider=openai") as socket:
        end = await socket.reply(model="odd")
        assert_same(socket.thread.messages, await person.rest.messages(chat))
    assert end["error"]["detail"] == "Something about …"
    assert (await person.rest.message(end["id"]))["error"] == end["error"]
    body = {"client_id": chat, "content": "Hello", "parameters": {"model": "odd"}}
    answer = await person.rest.post(f"/api/conversations/{chat}/generate/?provider=openai", body)
    assert answer.json()["error"]["detail"] == "Something about …"


@pytest.mark.parametrize(("model", "text"), [("hang", ""), ("stall:after=3", SOME)])
async def test_a_silent_model_times_out(impatient_place: Place, model: str, text: str):
    """No first word, or no next one, within our patience: `provider_timeout`, 504."""
    await fails(impatient_place, "ollama", model, "provider_timeout", 504, text)
    for exchange in impatient_place.ollama.chats[:2]:
        assert await exchange.wait_ended() == "client_gone"


async def test_a_body_that_stops_being_http(place: Place):
    """It is noticed at once, not when patience ends; the text before it stays."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask(model="garbled:id=garble")
        await socket.said(SOME)
        place.ollama.gate("garble").open()
        end = await socket.next("message_end")
        assert (end["status"], end["error"]["code"]) == ("failed", "stream_broken")
        assert end["full_content"] == SOME


async def test_nothing_answers(daphne_place: Place):
    """With no server at the provider's address: `provider_unavailable`, 502."""
    place = daphne_place
    person = await place.person()
    chat = await person.conversation()
    await place.ollama.stop()
    answer = await person.rest.generate(chat, model=None)
    await place.ollama.start(place.server.model_port)
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "provider_unavailable"
    assert_clean(answer.text)
    ok(await person.rest.generate(chat, model=None))


@pytest.mark.parametrize(
    ("model", "text", "finish"),
    [
        ("length", WHOLE, "length"),
        ("noreason", WHOLE, "stop"),
        ("last_content", WHOLE, "stop"),
        ("nometrics", WHOLE, "stop"),
        ("extra", WHOLE, "stop"),
        ("cloud", WHOLE, "stop"),
        ("afterdone", WHOLE, "stop"),
        ("crlf", WHOLE, "stop"),
        ("logprobs", WHOLE, "stop"),
        ("empty", "", "stop"),
        ("bytes:size=7", ODD_TEXT, "stop"),
        ("nel", "one\u0085two Â é" * 2, "stop"),
        ("linesep", "one\u2028two\u2029three — â" * 2, "stop"),
    ],
)
async def test_odd_but_whole_replies(place: Place, model: str, text: str, finish: str):
    """Every kind of reply that Ollama can make arrives character for character."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        end = await socket.reply(model=model)
        assert (end["status"], end["finish_reason"]) == ("completed", finish)
        assert end["full_content"] == text
        assert end["tokens"]["total"] == end["tokens"]["prompt"] + end["tokens"]["completion"]
        estimated = model in ("nometrics", "crlf")
        assert end["tokens"]["source"] == ("estimated" if estimated else "provider")
        assert_same(socket.thread.messages, await person.rest.messages(chat))


async def test_thinking_goes_into_reasoning(place: Place):
    """Never into the content; content and reasoning are separate frames of one log."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        end = await socket.reply(model="think")
        thought = "".join(e["content_chunk"] for e in socket.heard("reasoning_delta"))
        said = "".join(e["content_chunk"] for e in socket.heard("delta"))
        assert (thought, said, end["full_content"]) == ("Let me think.", WHOLE, WHOLE)
        row = await person.rest.message(end["id"])
        assert (row["reasoning"], row["content"]) == (thought, said)
        assert_same(socket.thread.messages, await person.rest.messages(chat))
        await socket.reply("Again")
    sent = place.ollama.chats[-1].json["messages"]
    assert [m["content"] for m in sent] == ["Hello", WHOLE, "Again"]


@pytest.mark.parametrize("loaded", [True, False])
async def test_phases_tell_what_a_silent_model_does(place: Place, loaded: bool):
    """Before the first word: `loading` or `prompt_eval`, by what Ollama says; then `generating`."""
    person = await place.person()
    model = f"gate:id=phase{int(loaded)},n=2"
    if loaded:
        place.ollama.loaded[model] = 8192
    async with person.socket(await person.conversation()) as socket:
        await socket.ask(model=model)
        first = await socket.next("status")
        assert first["phase"] == ("prompt_eval" if loaded else "loading")
        assert first["since"].endswith("Z")
        gate = place.ollama.gate(f"phase{int(loaded)}")
        gate.release()
        await socket.next("status", phase="generating")  # told as long as there is no end
        gate.open()
        await socket.next("message_end")


async def test_a_provider_is_chosen_by_staff_alone(daphne_place: Place):
    """`?provider=` counts for staff; for others it is as if it were not there."""
    staff, person = await daphne_place.person(staff=True), await daphne_place.person()
    for who, used in ((staff, "openai"), (person, "ollama")):
        chat = await who.conversation()
        path = f"/api/conversations/{chat}/generate/?provider=openai"
        answer = ok(await who.rest.post(path, {"client_id": chat, "content": "Hello"}))
        assert answer["provider_used"] == used
    path = f"/api/conversations/{await staff.conversation()}/generate/?provider=nobody"
    answer = await staff.rest.post(path, {"client_id": staff.id, "content": "Hello"})
    refused(answer, 400, "validation_error", "provider")


async def test_cached_tokens_are_told_and_recorded(daphne_place: Place):
    """By the answer, the message and the usage record; where none were cached, by none."""
    daphne_place.openai.models = ["normal", "cached:kind=openai"]
    staff = await daphne_place.person(staff=True)
    for model, cached in (("cached:kind=openai", 20), ("normal", None)):
        chat = await staff.conversation()
        path = f"/api/conversations/{chat}/generate/?provider=openai"
        body = {"client_id": chat, "content": "Hello there", "parameters": {"model": model}}
        answer = ok(await staff.rest.post(path, body))
        row = await staff.rest.message(answer["message"]["id"])
        assert answer["tokens"].get("cached") == row["tokens"].get("cached") == cached
    records = await daphne_place.clerk("usage", user_id=staff.id)
    assert [record["cached_tokens"] for record in records] == [20, 0]


async def test_no_line_of_the_log_has_a_text_or_a_key(daphne_place: Place):
    """One line for each turn, with figures; never what was said."""
    person = await daphne_place.person()
    chat = await person.conversation()
    ok(await person.rest.generate(chat, "Tell nobody: swordfish", model="echo"))
    log = daphne_place.server.log
    line = [line for line in log.splitlines() if f"conversation={chat}" in line]
    assert len(line) == 1
    for part in ("status=completed", "provider=ollama", "first_token_s=", "total_s=", "_tokens="):
        assert part in line[0]
    assert "swordfish" not in log
    assert person.key not in log
    assert "sk-secret" not in log
