"""Floods that once held up others, each of a bounded number of requests."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

import httpx

from tests.fuzz.inputs import Found
from tests.fuzz.people import bearer, client
from tests.harness.place import Person, Place
from tests.harness.rest import ok

Flood = Callable[[Place, Found, int], Awaitable[None]]
# Answers that a flood may get; anything else is a fault.
REFUSED = (200, 201, 202, 302, 400, 401, 403, 409, 413, 429)


async def _repeat(
    found: Found,
    count: int,
    at_once: int,
    send: Callable[[int], Awaitable[httpx.Response]],
    *,
    allowed: tuple[int, ...] = REFUSED,
) -> None:
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            found.inputs += 1
            try:
                answer = await send(number)
            except httpx.TransportError as error:
                found.statuses[type(error).__name__] += 1
                found.fault(f"{type(error).__name__} of {number}")
                continue
            found.statuses[str(answer.status_code)] += 1
            if answer.status_code not in allowed:
                found.fault(f"{answer.request.url}: {answer.status_code} {answer.text[:200]}")

    await asyncio.gather(*(some() for _ in range(at_once)))


async def description(place: Place, found: Found, count: int) -> None:
    """Strangers who ask for the description of the API."""
    async with client(place.server.url, {}, {}) as http:
        await _repeat(found, count, 12, lambda _: http.get("/api/schema/"))


async def sign_in(place: Place, found: Found, count: int) -> None:
    """Strangers who guess passwords of many names."""
    async with client(place.server.url, {"Referer": place.server.url}, {}) as http:
        page = await http.get("/signin/")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]

        def guess(number: int) -> Awaitable[httpx.Response]:
            data = {"csrfmiddlewaretoken": token, "username": f"n{number}", "password": "wrong"}
            return http.post("/signin/", data=data)

        await _repeat(found, count, 12, guess)


async def changes(place: Place, found: Found, count: int) -> None:
    """A person who makes conversations as fast as it can."""
    person = await place.person()
    http = person.rest.http
    await _repeat(found, count, 12, lambda _: http.post("/api/conversations/", json={"title": "x"}))


async def exports(place: Place, found: Found, count: int) -> None:
    """Eight exports at once of a conversation of thousands of messages."""
    person = await place.person()
    chat = await person.conversation()
    await place.clerk("fill", conversation_id=chat, turns=2500)
    path = f"/api/conversations/{chat}/export/?as=json"
    await _repeat(found, max(8, count // 100), 8, lambda _: person.rest.get(path))


async def large_bodies(place: Place, found: Found, count: int) -> None:
    """Bodies of the largest size for `/v1`: of many messages, of many values, of long texts."""
    person = await place.person()
    hello = {"role": "user", "content": "hi"}
    bodies = [
        {"model": "normal", "messages": [hello] * 400_000},
        {"model": "normal", "messages": [hello] * 10_000},
        {"model": "normal", "messages": [{"role": "user", "content": [[]] * 1_000_000}]},
        {"model": "normal", "messages": [{"role": "user", "content": "é€" * 1_500_000}] * 3},
    ]
    made = [json.dumps(body, ensure_ascii=False).encode() for body in bodies]

    def send(number: int) -> Awaitable[httpx.Response]:
        return person.rest.http.post("/v1/chat/completions", content=made[number % len(made)])

    await _repeat(found, max(8, count // 50), 3, send)


async def half_requests(place: Place, found: Found, count: int) -> None:
    """Connections that never finish their request, and sockets of strangers."""
    writers = []
    for number in range(min(count, 400)):
        found.inputs += 1
        _, writer = await asyncio.open_connection("127.0.0.1", place.server.port)
        path = f"/ws/chat/{uuid4()}/" if number % 2 else "/api/me/"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-A: ".encode())
        writers.append(writer)
    await asyncio.sleep(2)
    for writer in writers:
        writer.close()
    found.statuses["half"] += len(writers)


async def hostile_models(place: Place, found: Found, count: int) -> None:
    """Replies of models that do what none should."""
    models = import_module("tests.fuzz.hostile_models")
    person = await place.person()
    chats = [await person.conversation() for _ in range(4)]

    def ask(number: int) -> Awaitable[httpx.Response]:
        name = models.NAMES[number % len(models.NAMES)]
        place.offer(name)
        body: dict[str, Any] = {"client_id": str(uuid4()), "content": "go on"}
        body["parameters"] = {"model": name}
        return person.rest.post(f"/api/conversations/{chats[number % 4]}/generate/", body)

    allowed = (*REFUSED, 404, 502, 503, 504)
    await _repeat(found, max(len(models.NAMES), count // 20), 4, ask, allowed=allowed)


FLOODS: dict[str, Flood] = {
    "description": description,
    "sign-in": sign_in,
    "changes": changes,
    "exports": exports,
    "large bodies": large_bodies,
    "half requests": half_requests,
}
if find_spec("tests.fuzz.hostile_models"):
    FLOODS["hostile models"] = hostile_models


async def warm(place: Place) -> Person:
    """A neighbour whose account was asked for before, so that the first wait is like others."""
    person = await place.person()
    for _ in range(20):
        ok(await person.rest.get("/api/me/"))
    await person.rest.get("/api/schema/", format="json")
    assert bearer(person.key)
    return person
