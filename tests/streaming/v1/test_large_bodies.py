"""Large requests hold up nobody: their senders are admitted first, they are read beside the event
loop, and what would take long to read is refused."""

import asyncio
import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from conversations.errors import InvalidInput
from providers.values import cost
from streaming.v1.http import LARGE, MOST_COST, RequestBody
from tests.conftest import Servers
from tests.harness.place import Person, Place, place_at
from tests.streaming.v1.client import HELLO, complete, refused

MANY = json.dumps({"model": "normal", "messages": HELLO * 400_000}).encode()
JUNK = "x" * LARGE


def body_of(data: bytes, encoding: str = "identity") -> RequestBody:
    request: Any = SimpleNamespace(read=lambda: data, headers={"Content-Encoding": encoding})
    return RequestBody(request)


@pytest.mark.parametrize(
    ("data", "taken"),
    [
        (b'{"a": [1, 2, 3]}', True),
        (b'["' + b"{[,]}" * 500_000 + b'\\", {[", 1]', True),
        (b'["' + b"{[," * 500_000, True),
        (b"[" + b"0," * 1_500_000 + b"0]", True),
        (b"[" + b"{}," * 500_000 + b"0]", False),
        (b'["' + b"{[,]}" * 500_000 + b'",' + b"{}," * 500_000 + b"0]", False),
        (b"[" * 500_000, False),
    ],
)
def test_what_a_body_costs(data: bytes, taken: bool) -> None:
    """Its numbers, lists and objects; what stands in texts costs nothing."""
    assert (cost(data, MOST_COST) <= MOST_COST) == taken


async def test_a_large_body_is_read_beside_the_loop() -> None:
    threads = []

    def parse(data: object) -> object:
        threads.append(threading.get_ident())
        return data

    here = threading.get_ident()
    assert await body_of(b'{"a": 1}').parsed(parse) == {"a": 1}
    assert await body_of(b'"' + b"x" * LARGE + b'"').parsed(parse) == "x" * LARGE
    assert [thread == here for thread in threads] == [True, False]
    with pytest.raises(InvalidInput):
        await body_of(MANY).parsed(parse)
    assert len(threads) == 2


async def test_400000_messages(place: Place) -> None:
    person = await place.person()
    response = await person.rest.http.post("/v1/chat/completions", content=MANY)
    refused(response, 400, "too_many_values")
    few = {"model": "normal", "messages": HELLO * 10_001}
    response = await person.rest.http.post("/v1/chat/completions", json=few)
    refused(response, 400, "validation_error", "messages")
    call = {"id": "a", "type": "function", "function": {"name": "b"}}
    given: dict[str, Any] = {
        "content": [{"type": "text", "text": "x"}] * 10_001,
        "tool_calls": [call] * 1001,
    }
    for part, items in given.items():
        message = {"role": "assistant", "content": "x", part: items}
        response = await person.rest.http.post(
            "/v1/chat/completions", json={"model": "normal", "messages": [message]}
        )
        refused(response, 400, "validation_error", f"messages[0].{part}")


@pytest.fixture
async def limited(servers: Servers) -> Any:
    async with place_at(servers("daphne", "limited")) as place:
        yield await place.person()


async def test_who_sends_much_is_admitted_first(limited: Person) -> None:
    """What is refused then gives its place back; above the limit nothing is read."""
    url = "/v1/chat/completions"
    wrong = {"model": "normal", "messages": [{"role": "nobody"}], "junk": JUNK}
    for _ in range(4):
        response = await limited.rest.http.post(url, json=wrong)
        refused(response, 400, "validation_error", "messages[0].role")
    await complete(limited, junk=JUNK)
    hello = {"model": "normal", "messages": HELLO}
    await asyncio.gather(*(limited.rest.http.post(url, json=hello) for _ in range(20)))
    refused(await limited.rest.http.post(url, json=wrong), 429, "rate_limited")
    small = {name: value for name, value in wrong.items() if name != "junk"}
    response = await limited.rest.http.post(url, json=small)
    refused(response, 400, "validation_error", "messages[0].role")
    texts = {"model": "normal", "input": ["x" * 1000] * 300}
    refused(await limited.rest.http.post("/v1/embeddings", json=texts), 429, "rate_limited")
