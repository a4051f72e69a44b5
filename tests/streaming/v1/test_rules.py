"""The fourteen rules of `/v1`, on the wire; each is what some client breaks on."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.harness import WAIT_S
from tests.harness.place import Place
from tests.scripted.ollama import entry
from tests.scripted.ollama_scripts import ODD_TEXT, REPLY, THOUGHTS
from tests.streaming.v1.client import (
    HELLO,
    body,
    calls,
    complete,
    deltas,
    events,
    post,
    reasons,
    refused,
    stream,
    streaming,
    text,
    told,
)

TOOLS = [{"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}]
USAGE = {"include_usage": True}


async def test_1_one_id_and_created_for_a_stream(place: Place) -> None:
    """And `object` and the key `finish_reason` on every chunk."""
    chunks = await stream(await place.person(), stream_options=USAGE)
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert len({chunk["created"] for chunk in chunks}) == 1
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert {chunk["model"] for chunk in chunks} == {"normal"}
    for chunk in chunks[:-1]:
        assert chunk["choices"][0]["index"] == 0
        assert "finish_reason" in chunk["choices"][0]
    assert text(chunks) == "".join(REPLY)


async def test_2_the_role_comes_once(place: Place) -> None:
    first, *others = deltas(await stream(await place.person()))
    assert first == {"role": "assistant", "content": ""}
    assert not [delta for delta in others if "role" in delta]


async def test_3_tool_calls_are_told_apart(daphne_place: Place) -> None:
    """Ids and indices are ours, where the model's server has none."""
    chunks = await stream(await daphne_place.person(), "tools_many", tools=TOOLS)
    found = calls(chunks)
    assert [(call["name"], json.loads(call["arguments"])) for call in found] == [
        ("clock", {"zone": "UTC"}),
        ("clock", {"zone": "CET"}),
        ("dice", {}),
    ]
    assert len({call["id"] for call in found}) == 3
    assert all(call["id"].startswith("call_") for call in found)
    assert reasons(chunks) == ["tool_calls"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [("normal", "stop"), ("length", "length"), ("tools", "tool_calls"), ("empty", "stop")],
)
async def test_4_one_finish_chunk(daphne_place: Place, model: str, reason: str) -> None:
    chunks = await stream(await daphne_place.person(), model)
    assert reasons(chunks) == [reason]
    last = chunks[-1]["choices"][0]
    assert last["delta"] == {}
    assert (last["finish_reason"], last["finishReason"]) == (reason, reason)


async def test_5_usage_comes_last_and_only_when_asked_for(daphne_place: Place) -> None:
    person = await daphne_place.person()
    *chunks, last = await stream(person, stream_options=USAGE)
    assert last["choices"] == []
    assert last["id"] == chunks[0]["id"]
    assert last["usage"]["total_tokens"] == last["usage"]["totalTokens"] > 0
    assert not [chunk for chunk in chunks if "usage" in chunk]
    for options in ({}, {"stream_options": None}, {"stream_options": {"include_usage": False}}):
        assert not [chunk for chunk in await stream(person, **options) if "usage" in chunk]


async def test_6_comments_keep_a_silent_stream_alive(impatient_place: Place) -> None:
    """Also before the first token; and no line of a kind that clients break on."""
    person = await impatient_place.person()
    async with streaming(person, "gate:n=2") as opened:
        gate = impatient_place.ollama.gate("a")
        assert await opened.frame() == ": ping"
        gate.release()
        await opened.until("word0")
        await opened.until(": ping")
        gate.open()
        frames = await opened.rest()
    assert all(frame == ": ping" or frame.startswith("data: ") for frame in frames)
    assert text(events(frames)) == "word0 word1 "
    assert opened.response.headers["content-type"].startswith("text/event-stream")


async def test_6_also_while_it_is_found_out_who_has_the_model(impatient_place: Place) -> None:
    """A provider may take long to list its models. What comes of it is told when it is known."""
    person, ollama = await impatient_place.person(), impatient_place.ollama
    listed = ollama.hold("/api/tags")
    async with (
        streaming(person, "normal:asked=first") as opened,
        streaming(person, "nobody:asked=first") as other,
    ):
        for stream in (opened, other):
            assert await stream.frame() == await stream.frame() == ": ping"
        assert ollama.chats == []
        listed.set()
        assert text(events(await opened.rest())) == "".join(REPLY)
        told(events(await other.rest())[0], "model_not_found", "model")
    async with asyncio.timeout(WAIT_S):  # the one that nobody was asked for is not counted
        while "chat_replies_running 0.0" not in (await person.rest.get("/metrics")).text:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("with_stream", [True, False])
@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("missing", 404, "model_not_found"),
        ("notools", 400, "provider_refused"),
        ("toolong", 400, "context_length_exceeded"),
        ("memory", 502, "provider_failed"),
        ("busy", 503, "provider_busy"),
        ("signin", 502, "provider_auth_failed"),
        ("limit", 503, "provider_rate_limited"),
        ("first_error", 502, "provider_failed"),
        ("close", 503, "provider_unavailable"),
    ],
)
async def test_7_early_failure_has_its_status(
    daphne_place: Place, model: str, status: int, code: str, *, with_stream: bool
) -> None:
    response = await post(await daphne_place.person(), body(model, stream=with_stream))
    error = refused(response, status, code, "model" if model == "missing" else None)
    if status == 503:
        assert int(response.headers["retry-after"]) > 0
    if code == "provider_auth_failed":
        assert response.headers["x-should-retry"] == "false"
    assert error["type"] == ("server_error" if status > 499 else error["type"])


@pytest.mark.parametrize("model", ["error", "fin", "rst", "malformed", "nodone"])
async def test_8_failure_in_the_middle(place: Place, model: str) -> None:
    """The text so far, the error, the end mark; and no finish reason."""
    chunks = await stream(await place.person(), model, stream_options=USAGE)
    *said, last = chunks
    assert text(said) == "word0 word1 word2 "
    assert reasons(said) == []
    assert last["error"]["code"] in ("provider_failed", "stream_broken")
    told(last, last["error"]["code"])


async def test_8_failure_after_the_first_comment(impatient_place: Place) -> None:
    """The status is out by then."""
    async with streaming(await impatient_place.person(), "hang") as opened:
        frames = await opened.rest()
    assert frames[0] == ": ping"
    told(events(frames)[0], "provider_timeout")


async def test_9_events_are_whole_and_never_held_back(place: Place) -> None:
    place.ollama.text = ODD_TEXT
    async with streaming(await place.person(), "said") as opened:
        frames = await opened.rest()
    headers = opened.response.headers
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in headers
    assert text(events(frames)) == ODD_TEXT
    # Not escaped. How many characters share a frame depends on how fast they come.
    assert {sign for sign in ODD_TEXT if not sign.isascii()} <= set("".join(frames))


async def test_9_each_piece_is_sent_when_it_comes(place: Place) -> None:
    gate = place.ollama.gate("a")
    gate.release()
    async with streaming(await place.person(), "gate:n=3") as opened:
        for word in ("word0", "word1", "word2"):
            await opened.until(word)
            gate.release()
        await opened.rest()


@pytest.mark.parametrize("model", ["think", "tagged"])
async def test_10_reasoning_is_no_content(daphne_place: Place, model: str) -> None:
    """Nor are the tags in which a server has left it."""
    person = await daphne_place.person()
    chunks = await stream(person, model)
    assert text(chunks, "reasoning_content") == "".join(THOUGHTS)
    assert text(chunks) == "".join(REPLY)
    message = (await complete(person, model))["choices"][0]["message"]
    assert message["reasoning_content"] == "".join(THOUGHTS)
    assert message["content"] == "".join(REPLY)


# Rule 11, the client that goes away, is in test_leaving.


async def test_12_unknown_fields_are_ignored(daphne_place: Place) -> None:
    person = await daphne_place.person()
    unknown = {"user": "u", "metadata": {"a": "b"}, "store": True, "logit_bias": {}, "x": [1]}
    assert await complete(person, **unknown)


@pytest.mark.parametrize(
    "name", ["max_tokens", "max_completion_tokens", "maxTokens", "maxCompletionTokens"]
)
async def test_12_limit_of_tokens_in_every_spelling(daphne_place: Place, name: str) -> None:
    await complete(await daphne_place.person(), **{name: 7})
    assert daphne_place.ollama.chats[0].json["options"]["num_predict"] == 7


async def test_13_models(daphne_place: Place) -> None:
    person = await daphne_place.person()
    listed = (await person.rest.get("/v1/models")).json()
    assert listed["object"] == "list"
    for item in listed["data"]:
        assert item["object"] == "model"
        assert isinstance(item["created"], int)
        assert item["owned_by"] in ("ollama", "openai", "inference")
    assert {
        *("id", "object", "created", "owned_by"),
        *("displayLabel", "contextLength", "capabilities", "metadata"),
    } <= set(listed["data"][0])
    assert set(listed["data"][0]["metadata"]) == {
        *("contextLength", "family", "format", "parameterSize", "quantizationLevel")
    }
    assert "normal" in [item["id"] for item in listed["data"]]


@pytest.mark.parametrize("name", ["hf.co/someone/model:Q4_K_M", "normal", "normal:latest"])
async def test_13_one_model(daphne_place: Place, name: str) -> None:
    """Its name may hold slashes and colons, escaped or not."""
    daphne_place.ollama.models.append(entry("hf.co/someone/model:Q4_K_M"))
    person = await daphne_place.person()
    for path in (quote(name, safe=""), quote(name)):
        found = (await person.rest.get(f"/v1/models/{path}")).json()
        assert found["id"] == name.removesuffix(":latest")
    refused(await person.rest.get("/v1/models/no/such"), 404, "model_not_found", "model")


@pytest.mark.parametrize("key", ["", "Bearer wrong", "Bearer cp_wrong", "Basic abc"])
async def test_14_a_bad_key_is_401(daphne_place: Place, key: str) -> None:
    person = await daphne_place.person()
    person.rest.http.headers["authorization"] = key
    for response in (await post(person, body()), await person.rest.get("/v1/models")):
        refused(response, 401, "not_authenticated")
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/chat/completions/x"])
async def test_nothing_at_an_address_is_404_in_their_shape(daphne_place: Place, path: str) -> None:
    person = await daphne_place.person()
    refused(await person.rest.get(path), 404, "unknown_url")


async def test_14_a_dependency_that_is_down_is_503(daphne_place: Place) -> None:
    await daphne_place.ollama.stop()
    person = await daphne_place.person()
    try:
        for response in (
            await post(person, body(stream=True)),
            await post(person, body()),
            await person.rest.get("/v1/health"),
        ):
            refused(response, 503, "provider_unavailable")
            assert int(response.headers["retry-after"]) > 0
    finally:
        await daphne_place.ollama.start(daphne_place.server.model_port)


async def test_whole_completion(place: Place) -> None:
    """Every field that clients read, in both spellings."""
    answer: dict[str, Any] = await complete(await place.person())
    assert answer["id"].startswith("chatcmpl-")
    assert answer["object"] == "chat.completion"
    assert (answer["model"], answer["provider_used"]) == ("normal", "ollama")
    (choice,) = answer["choices"]
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"] == "".join(REPLY)
    assert (choice["finish_reason"], choice["finishReason"]) == ("stop", "stop")
    used = answer["usage"]
    assert used["completion_tokens"] == used["completionTokens"] == len(REPLY)
    assert used["prompt_tokens"] == used["promptTokens"] == len(HELLO[0]["content"]) // 4 + 1
    assert used["total_tokens"] == used["totalTokens"]
    assert used["source"] == "provider"
