"""`/v1` in front of a server that speaks the same protocol: what it has goes through as it is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.harness.place import Place, place_at
from tests.harness.rest import ok
from tests.harness.server import ChatServer
from tests.scripted.ollama_scripts import REPLY
from tests.streaming.v1.client import HELLO, body, complete, deltas, post, refused, stream
from tests.streaming.v1.test_responses import respond
from tests.streaming.v1.test_responses import stream as stream_response

URL = "data:image/png;base64,iVBORw0KGgo="
SIGNATURE = {"google": {"thought_signature": "c2lnbmF0dXJl"}}
CLOCK = {"name": "clock", "parameters": {"type": "object"}}
CHAT = [{"type": "function", "function": CLOCK}]
FLAT = [{"type": "function", **CLOCK}]


@pytest.fixture
async def openai_place(own_server: Callable[..., ChatServer]) -> AsyncIterator[Place]:
    server = own_server("uvicorn", CHAT_DEFAULT_PROVIDER="openai")
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        yield place


async def test_what_goes_through(openai_place: Place) -> None:
    """Texts and pictures in their order, log probabilities, signatures, cached tokens."""
    await _pictures(openai_place)
    await _logprobs(openai_place)
    await _thought(openai_place)
    await _signatures(openai_place)
    await _cached_tokens(openai_place)
    await _suffix(openai_place)
    await _reason(openai_place)


async def _pictures(place: Place) -> None:
    person = await place.person()
    texts = [{"type": "text", "text": text} for text in ("One:", "Two:")]
    picture = {"type": "image_url", "image_url": {"url": URL}}
    parts = [texts[0], picture, texts[1], picture]
    await complete(person, messages=[{"role": "user", "content": parts}])
    items = [
        {"type": "input_text", "text": part["text"]}
        if part["type"] == "text"
        else {"type": "input_image", "image_url": URL}
        for part in parts
    ]
    await respond(person, input=[{"role": "user", "content": items}])
    for chat in place.openai.chats:
        assert chat.json["messages"][0]["content"] == parts


async def _thought(place: Place) -> None:
    """A whole answer knows from the first request on what was a thought."""
    person = await place.person()
    (choice,) = (await complete(person, "closes_alone"))["choices"]
    assert choice["message"]["content"] == "Hello from the scripted model."
    assert choice["message"]["reasoning_content"].strip() == "Let me think."


async def _logprobs(place: Place) -> None:
    person = await place.person()
    (choice,) = (await complete(person, "logprobs", logprobs=True, top_logprobs=1))["choices"]
    asked = place.openai.chats[-1].json
    assert (asked["logprobs"], asked["top_logprobs"]) == (True, 1)
    told = choice["logprobs"]["content"]
    assert [entry["token"] for entry in told] == REPLY
    assert told[0]["top_logprobs"][0]["token"] == "Bye"
    chunks = await stream(person, "logprobs", logprobs=True)
    streamed = [
        entry["token"]
        for chunk in chunks
        for entry in (chunk["choices"][0].get("logprobs") or {}).get("content", ())
    ]
    assert streamed == REPLY
    prompt = {"model": "logprobs", "prompt": "Hello there", "logprobs": 1}
    (choice,) = ok(await post(person, prompt, "/v1/completions"))["choices"]
    assert choice["logprobs"]["tokens"] == REPLY
    assert choice["logprobs"]["token_logprobs"][0] == -0.1
    assert choice["logprobs"]["top_logprobs"][0] == {"Bye": -3.0}
    assert choice["logprobs"]["text_offset"][:2] == [0, len(REPLY[0])]
    include = ["message.output_text.logprobs"]
    response = await respond(person, "logprobs", include=include)
    told = response["output"][0]["content"][0]["logprobs"]
    assert [entry["token"] for entry in told] == REPLY
    refused(await post(person, body(logprobs=True)), 400, "not_supported", "logprobs")


async def _signatures(place: Place) -> None:
    """They are in the answers, streamed and whole, and go back with the call."""
    person = await place.person()
    (choice,) = (await complete(person, "signed", tools=CHAT))["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert call["extra_content"] == SIGNATURE
    chunks = await stream(person, "signed", tools=CHAT)
    (told,) = [delta["tool_calls"] for delta in deltas(chunks) if "tool_calls" in delta]
    assert told[0]["extra_content"] == SIGNATURE
    answer = {"role": "tool", "tool_call_id": call["id"], "content": "noon"}
    said = {"role": "assistant", "tool_calls": [call], "reasoning_content": "A clock."}
    await complete(person, messages=[*HELLO, said, answer])
    sent = place.openai.chats[-1].json["messages"][1]
    assert sent["tool_calls"][0]["extra_content"] == SIGNATURE
    assert sent["reasoning_content"] == "A clock."
    found = await stream_response(person, "signed", tools=FLAT)
    item = found[-1]["response"]["output"][0]
    assert item["extra_content"] == SIGNATURE
    await respond(person, input=[{"role": "user", "content": "x"}, item])
    sent = place.openai.chats[-1].json["messages"][1]
    assert sent["tool_calls"][0]["extra_content"] == SIGNATURE


async def _cached_tokens(place: Place) -> None:
    person = await place.person()
    answer: dict[str, Any] = await complete(person, "cached:kind=openai")
    assert answer["usage"]["prompt_tokens_details"] == {"cached_tokens": 20}
    response = await respond(person, "cached:kind=openai")
    assert response["usage"]["input_tokens_details"]["cached_tokens"] == 20


async def _suffix(place: Place) -> None:
    """Such servers have none in chats."""
    asked = {"model": "normal", "prompt": "def f():", "suffix": "return x"}
    response = await post(await place.person(), asked, "/v1/completions")
    refused(response, 400, "not_supported", "suffix")


async def _reason(place: Place) -> None:
    """Why it refuses a request: its own sentence, and the field."""
    response = await post(await place.person(), body("stubborn_seed", seed=7))
    error = refused(response, 400, "provider_refused", "seed")
    assert "Extra inputs" in error["message"]
