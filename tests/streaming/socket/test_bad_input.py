"""Whatever is sent, the answer is an error that says what is wrong, and the socket lives."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.harness.place import Place
from tests.harness.rest import assert_clean, assert_sentence, ok, refused

ID = str(uuid4())
NUMBER = "9" * 5000


def ask(**fields: Any) -> dict[str, Any]:
    return {"type": "user_message", "client_id": str(uuid4()), "content": "Hello", **fields}


def raw(content: str) -> str:
    """A message with `content` as it stands in the JSON text."""
    return f'{{"type":"user_message","client_id":"{uuid4()}","content":{content}}}'


FRAMES: dict[str, tuple[Any, str]] = {
    "nothing": ("", "invalid_frame"),
    "no JSON": ("}{", "invalid_frame"),
    "half of JSON": ('{"type":"stop"', "invalid_frame"),
    "binary": (b'{"type":"heartbeat"}', "invalid_frame"),
    "a string": ('"stop"', "invalid_frame"),
    "a list": ("[1]", "invalid_frame"),
    "null": ("null", "invalid_frame"),
    "not a number": ("NaN", "invalid_frame"),
    "a long number": (NUMBER, "invalid_frame"),
    "deep lists": ("[" * 400_000, "invalid_frame"),
    "deep objects": ('{"type":' * 100_000, "invalid_frame"),
    "no type": ("{}", "unknown_type"),
    "an unknown type": ({"type": "dance"}, "unknown_type"),
    "a type of another kind": ({"type": ["stop"]}, "unknown_type"),
    "a type that is an attribute": ({"type": "__class__"}, "unknown_type"),
    "an internal type": ({"type": "hint.turn", "reply_id": ID}, "unknown_type"),
    "no content": ({"type": "user_message", "client_id": ID}, "validation_error"),
    "no client_id": ({"type": "user_message", "content": "x"}, "validation_error"),
    "a client_id of another kind": (ask(client_id={"a": 1}), "validation_error"),
    "a client_id of a number": (ask(client_id=5), "validation_error"),
    "a client_id of a boolean": (ask(client_id=True), "validation_error"),
    "a client_id that is none": (ask(client_id="none"), "validation_error"),
    "empty content": (ask(content=""), "validation_error"),
    "blank content": (ask(content=" \n\t"), "validation_error"),
    "content of another kind": (ask(content=["x"]), "validation_error"),
    "a number as content": (ask(content=3), "validation_error"),
    "too much content": (ask(content="x" * 200_001), "validation_error"),
    "NUL": (ask(content="a\0b"), "validation_error"),
    "half a surrogate": (raw(r'"a\ud800b"'), "invalid_frame"),
    "a long number as content": (raw(NUMBER), "invalid_frame"),
    "an unknown field": (ask(colour="blue"), "validation_error"),
    "a bad parent": (ask(parent_id=7.5), "validation_error"),
    "parameters of another kind": (ask(parameters=[1]), "invalid_parameters"),
    "an unknown parameter": (ask(parameters={"seeds": 1}), "invalid_parameters"),
    "too hot": (ask(parameters={"temperature": 1.1}), "invalid_parameters"),
    "too cold": (ask(parameters={"temperature": -0.1}), "invalid_parameters"),
    "temperature as text": (ask(parameters={"temperature": "0.5"}), "invalid_parameters"),
    "too few tokens": (ask(parameters={"max_tokens": 255}), "invalid_parameters"),
    "too many tokens": (ask(parameters={"max_tokens": 1025}), "invalid_parameters"),
    "half a token": (ask(parameters={"max_tokens": 300.5}), "invalid_parameters"),
    "true tokens": (ask(parameters={"max_tokens": True}), "invalid_parameters"),
    "top_p too high": (ask(parameters={"top_p": 2}), "invalid_parameters"),
    "an effort of our own": (ask(parameters={"reasoning_effort": "max"}), "invalid_parameters"),
    "a model that is not there": (ask(parameters={"model": "nobody"}), "validation_error"),
    "a model of another kind": (ask(parameters={"model": {}}), "invalid_parameters"),
    "a model with NUL": (ask(parameters={"model": "a\0"}), "invalid_parameters"),
    "a stop of nothing": ({"type": "stop"}, "validation_error"),
    "a stop of a list": ({"type": "stop", "id": [ID]}, "validation_error"),
    "a stop with more": ({"type": "stop", "id": ID, "now": True}, "validation_error"),
    "a stop of a number": ({"type": "stop", "id": 5}, "validation_error"),
    "a follow of a number": ({"type": "follow", "id": 1.5}, "validation_error"),
    "an unknown follow": ({"type": "follow", "id": ID}, "not_found"),
    "a regenerate of nothing": ({"type": "regenerate", "client_id": ID}, "validation_error"),
}


@pytest.mark.parametrize("frame", FRAMES)
async def test_a_frame_that_is_wrong(place: Place, frame: str):
    """It is answered with an error event that says why, and the next one is served."""
    person = await place.person()
    sent, code = FRAMES[frame]
    async with person.socket(await person.conversation()) as socket:
        await socket.send(sent)
        error = await socket.next("error")
        assert error["code"] == code, error
        assert_sentence(error["message"])
        assert_clean(json.dumps(error))
        if isinstance(sent, dict) and isinstance(sent.get("client_id"), str):
            assert error["client_id"] == sent["client_id"]
        await socket.reply()
        assert len(socket.heard("error")) == 1
    assert len(place.ollama.chats) == 1


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        (ask(colour="blue"), ["colour"]),
        (ask(content=""), ["content"]),
        (ask(content="a\0b"), ["content"]),
        (ask(client_id="none"), ["client_id"]),
        (ask(parent_id=5), ["parent_id"]),
        (ask(parameters=[1]), ["parameters"]),
        (ask(parameters={"speed": 1}), ["parameters", "speed"]),
        (ask(parameters={"temperature": 3}), ["parameters", "temperature"]),
        (ask(parameters={"model": "nobody"}), ["parameters", "model"]),
    ],
)
async def test_the_field_is_named_on_both_doors(daphne_place: Place, frame: dict, field: list[str]):
    """`fields` leads to what is wrong with it, on the socket and by REST."""
    person = await daphne_place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.send(frame)
        found: Any = (await socket.next("error"))["fields"]
    body = {name: value for name, value in frame.items() if name != "type"}
    answer = await person.rest.post(f"/api/conversations/{chat}/generate/", body)
    other: Any = refused(answer, 400, "validation_error", field[0])["fields"]
    assert found == other
    for name in field:
        found = found[name]
    assert len(found) == 1
    assert_sentence(found[0])


BODIES: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "validation_error"),
    "no JSON": (b"}{", 400, "invalid_json"),
    "a list": (b"[1]", 400, "validation_error"),
    "a string": (b'"x"', 400, "validation_error"),
    "null": (b"null", 400, "validation_error"),
    "a long number": (b'{"content": ' + NUMBER.encode() + b"}", 400, ""),
    "deep lists": (b"[" * 100_000, 400, "invalid_json"),
    "no UTF-8": (b'{"content":"\xff"}', 400, "invalid_json"),
    "half a surrogate": (b'{"client_id":"%s","content":"\\ud800"}' % ID.encode(), 400, ""),
    "too large": (b'{"content":"' + b"x" * 3_000_000 + b'"}', 413, "too_large"),
}


@pytest.mark.parametrize("body", BODIES)
async def test_a_body_that_is_wrong(place: Place, body: str):
    """REST answers in the documented shape, whatever the body is."""
    content, status, code = BODIES[body]
    person = await place.person()
    path = f"/api/conversations/{await person.conversation()}/generate/"
    headers = {"Content-Type": "application/json"}
    answer = await person.rest.http.post(path, content=content, headers=headers)
    error = refused(answer, status, code or answer.json()["error"]["code"])
    if code == "validation_error" and content not in (b"", b"null"):
        assert error["fields"] == {"body": ["Must be a JSON object."]}


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """A body that is sent without its length (`Transfer-Encoding: chunked`)."""
    yield body[:5]
    yield body[5:]


async def test_a_body_without_its_length(place: Place):
    """It is read as any other, by every call, and held to the same type and limit."""
    rest = (await place.person()).rest
    as_json = {"Content-Type": "application/json"}

    async def send(method: str, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await rest.http.request(method, path, content=in_pieces(body), headers=headers)

    made = ok(await send("POST", "/api/conversations/", b'{"title":"In pieces"}', as_json), 201)
    assert made["title"] == "In pieces"
    path = f"/api/conversations/{made['id']}/"
    assert ok(await send("PATCH", path, b'{"title":"Again"}', as_json))["title"] == "Again"
    asked = b'{"client_id":"%s","content":"Hello"}' % str(uuid4()).encode()
    assert ok(await send("POST", f"{path}generate/", asked, as_json))["message"]["content"]
    as_text = {"Content-Type": "text/plain"}
    refused(await send("PATCH", path, b'{"title":"No"}', as_text), 415, "unsupported_media_type")
    refused(await send("PATCH", path, b"x" * 3_000_000, as_json), 413, "too_large")


async def test_odd_text_is_kept_as_it_is(place: Place):
    """What is valid is stored and sent to the model unchanged: emoji, markup, white space."""
    person = await place.person()
    chat = await person.conversation()
    odd = "  👩‍👩‍👧‍👦 <script>alert(1)</script> &amp; \u2028 \u0085 \\n\r\n\ttab é\u202e "
    async with person.socket(chat) as socket:
        await socket.reply(odd, model="echo")
    asked, reply = await person.rest.messages(chat)
    assert asked["content"] == odd
    assert place.ollama.chats[0].json["messages"][-1]["content"] == odd
    assert reply["content"] == odd


async def test_many_commands_at_once_do_not_pile_up(place: Place):
    """Hundreds sent in one go are worked off at a pace; the socket and the reply live."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.ask(model="gate:id=pile,n=1")
        start = await socket.next("message_start")
        for _ in range(200):
            await socket.follow(start["id"])
        place.ollama.gate("pile").open()
        await socket.next("message_end", id=start["id"])
        client_id = await socket.ask()
        await socket.next("message_start", client_id=client_id)
        await socket.next("message_end")
        assert not socket.heard("error")
