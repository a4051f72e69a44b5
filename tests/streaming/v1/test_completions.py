"""`/v1/completions`: a prompt, and the text after it."""

import gzip
import json
import zlib
from typing import Any

import pytest

from tests.harness.place import Person, Place
from tests.harness.rest import ok
from tests.scripted.ollama_scripts import REPLY
from tests.streaming.v1.client import body, complete, events, post, refused, streaming

PATH = "/v1/completions"


async def test_a_whole_completion(daphne_place: Place) -> None:
    person = await daphne_place.person()
    asked = {"model": "normal", "prompt": "Hello there", "max_tokens": 9, "stop": "END"}
    answer = ok(await post(person, asked, PATH))
    assert answer["id"].startswith("cmpl-")
    assert answer["object"] == "text_completion"
    (choice,) = answer["choices"]
    assert choice["text"] == "".join(REPLY)
    assert (choice["index"], choice["logprobs"], choice["finish_reason"]) == (0, None, "stop")
    assert answer["usage"]["total_tokens"] > 0
    sent = daphne_place.ollama.chats[-1].json
    assert sent["messages"] == [{"role": "user", "content": "Hello there"}]
    assert (sent["options"]["num_predict"], sent["options"]["stop"]) == (9, ["END"])
    for prompt in (["Hello there"], "Hello there"):
        answer = ok(await post(person, {**asked, "prompt": prompt, "echo": True}, PATH))
        assert answer["choices"][0]["text"] == "Hello there" + "".join(REPLY)


async def told(person: Person, **more: Any) -> list[dict[str, Any]]:
    async with streaming(person, path=PATH, prompt="Hello there", **more) as opened:
        return events(await opened.rest())


async def test_a_streamed_completion(daphne_place: Place) -> None:
    person = await daphne_place.person()
    chunks = await told(person, stream_options={"include_usage": True})
    *texts, last = chunks
    assert last["usage"]["total_tokens"] > 0
    assert {chunk["object"] for chunk in chunks} == {"text_completion"}
    assert "".join(chunk["choices"][0]["text"] for chunk in texts) == "".join(REPLY)
    assert texts[-1]["choices"][0]["finish_reason"] == "stop"
    first, *_ = await told(person, echo=True)
    assert first["choices"][0]["text"] == "Hello there"


async def test_the_text_before_a_suffix(daphne_place: Place) -> None:
    person = await daphne_place.person()
    asked = {"model": "normal", "prompt": "def f():", "suffix": "return x", "max_tokens": 9}
    answer = ok(await post(person, asked, PATH))
    assert answer["choices"][0]["text"] == "".join(REPLY)
    (sent,) = [e.json for e in daphne_place.ollama.exchanges if e.path == "/api/generate"]
    assert (sent["prompt"], sent["suffix"]) == ("def f():", "return x")
    assert sent["options"]["num_predict"] == 9


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"n": 2}, "n"),
        ({"best_of": 2}, "best_of"),
        ({"logprobs": 6}, "logprobs"),
        ({"echo": "yes"}, "echo"),
    ],
)
async def test_what_cannot_be_completed(
    daphne_place: Place, fields: dict[str, Any], param: str
) -> None:
    asked = {"model": "normal", "prompt": "x", **fields}
    refused(await post(await daphne_place.person(), asked, PATH), 400, "validation_error", param)
    assert daphne_place.ollama.chats == []


# --- Compressed bodies --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
async def test_a_compressed_body(place: Place, encoding: str, compress: Any) -> None:
    person = await place.person()
    await complete(person)
    data = compress(json.dumps(body()).encode())
    headers = {"content-encoding": encoding, "content-type": "application/json"}
    http = person.rest.http
    response = await http.post("/v1/chat/completions", content=data, headers=headers)
    assert ok(response)["choices"][0]["message"]["content"] == "".join(REPLY)


async def test_a_compressed_body_that_is_not_good(daphne_place: Place) -> None:
    """Cut, not compressed at all, larger than another may be, or in an unknown way."""
    person = await daphne_place.person()
    whole = gzip.compress(json.dumps(body()).encode())
    bomb = gzip.compress(b'{"junk":"' + b"x" * 20_000_001 + b'"}')
    for encoding, data, status, code in (
        ("gzip", whole[:-9], 400, "invalid_json"),
        ("gzip", b"{}", 400, "invalid_json"),
        ("gzip", bomb, 413, "too_large"),
        ("br", whole, 415, "unsupported_encoding"),
    ):
        response = await person.rest.http.post(
            "/v1/chat/completions", content=data, headers={"content-encoding": encoding}
        )
        refused(response, status, code)
