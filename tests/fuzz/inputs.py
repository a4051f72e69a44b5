"""Sends generated requests and frames, and looks at what is answered."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from websockets.exceptions import ConnectionClosed

from tests.fuzz import texts
from tests.fuzz.people import Sender
from tests.harness import WAIT_S
from tests.harness.place import Person

METHODS = ("get", "post", "put", "patch", "delete")
# How a description names these addresses does not say that they wait for a model or stream.
MODELS = ("normal", "normal", "nothing-of-this-name", "openai/normal", "")
# Pages, which no description names, and fields of their forms.
PAGES = (
    *("/", "/signin/", "/chat", "/chat/{id}", "/diagram", "/worker.js", "/manifest.webmanifest"),
    *("/profile", "/profile/password", "/profile/theme", "/profile/language", "/profile/keys"),
    *("/profile/instructions", "/profile/keys/{id}/revoke", "/people", "/people/invite"),
    *("/people/invite/{id}/withdraw", "/people/{id}/active", "/people/{id}/limits"),
    *("/people/{id}/reset", "/people/{id}/refuse", "/connections", "/connections/add"),
    *("/connections/defaults", "/connections/{id}", "/connections/{id}/test", "/models"),
    *("/connections/models", "/connections/{id}/models"),
    *("/models/jobs", "/models/jobs/{id}/cancel", "/tools", "/tools/add", "/tools/{id}"),
    *("/tools/{id}/test", "/tools/{id}/sign-in", "/tools/callback/", "/invite/{id}", "/signup"),
    *("/reset/{id}/{id}", "/setup/{id}", "/admin/", "/admin/conversations/user/", "/metrics"),
)
FIELDS = (
    *("name", "url", "auth", "secret", "audience", "people", "issuer", "client_id", "choose"),
    *("header", "tools", "trusted", "theme", "font", "language", "instructions", "scopes"),
    *("username", "password", "new_password1", "model", "kind", "expires_in", "next", "state"),
    *("code", "iss", "error", "q", "connection", "allowed", "title", "requests_per_minute"),
)
LEAKS = ("Traceback", 'File "/', "sk-secret")
SENDING_AT_ONCE = 12


@dataclass
class Found:
    """What came of the inputs: how many, how they were answered, and what no description names."""

    inputs: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str) -> None:
        if len(self.faults) < 50:
            self.faults.append(what)


class Operations:
    """The operations of the description, as requests that can be sent."""

    def __init__(self, description: dict[str, Any], rng: random.Random) -> None:
        self._rng = rng
        self.components = description["components"]["schemas"]
        self.all = [
            (path, method, item[method])
            for path, item in description["paths"].items()
            for method in METHODS
            if method in item
        ]

    def request(self, sender: Sender, foreign: list[str]) -> tuple[dict[str, Any], set[str]]:
        """The arguments of a request, and the statuses that its description names."""
        rng = self._rng
        if rng.random() < 0.15:
            return self._page(sender, foreign), {"502", "503", "504"}
        path, method, operation = rng.choice(self.all)
        ids = (*sender.ids, *foreign, texts.random_id(rng), rng.choice(texts.IDS))
        query: dict[str, str] = {}
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", rng.choice(ids))
            elif parameter["in"] == "query" and rng.random() < 0.5:
                value = texts.value_of(rng, parameter["schema"], self.components)
                query[parameter["name"]] = _plain(value)
        made: dict[str, Any] = {"method": method.upper(), "url": path, "params": query or None}
        if (body := operation.get("requestBody")) is not None:
            made |= self._body(next(iter(body["content"].values()))["schema"], foreign)
        return made, {*operation["responses"], "404", "405", "308", "400"}

    def _page(self, sender: Sender, foreign: list[str]) -> dict[str, Any]:
        """A page, or one of its forms sent."""
        rng = self._rng
        ids = (*sender.ids, *foreign, rng.choice(texts.IDS))
        path = rng.choice(PAGES).replace("{id}", rng.choice(ids))
        fields = {
            name: rng.choice(("all", "none", "on", "de", "x", *texts.TEXTS))
            for name in rng.sample(FIELDS, rng.randrange(12))
        }
        if rng.random() < 0.5:
            # Three: a line of more than 16 KiB ends the connection under daphne.
            few = dict(list(fields.items())[:3])
            return {"method": "GET", "url": path, "params": few or None}
        return {"method": "POST", "url": path, "data": fields}

    def _body(self, schema: dict[str, Any], ids: list[str]) -> dict[str, Any]:
        rng = self._rng
        headers = {"Content-Type": "application/json"}
        if rng.random() < 0.05:
            return {"content": rng.choice(texts.BODIES), "headers": headers}
        value = texts.value_of(rng, schema, self.components)
        if isinstance(value, dict):
            if "client_id" in value and rng.random() < 0.9:
                value["client_id"] = texts.random_id(rng)
            if "message_id" in value and rng.random() < 0.7:
                value["message_id"] = rng.choice(ids)
            if "model" in value and rng.random() < 0.8:
                value["model"] = rng.choice(MODELS)
        return {"content": _json(value), "headers": headers}


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


async def send_requests(
    operations: Operations, senders: list[Sender], count: int, found: Found, rng: random.Random
) -> None:
    """Send `count` requests, some at a time."""
    everything = [key for sender in senders for key in sender.ids]

    async def some(numbers: Iterator[int]) -> None:
        for _ in numbers:
            sender = rng.choice(senders)
            request, described = operations.request(sender, everything)
            found.inputs += 1
            try:
                answer = await sender.http.request(**request)
            except (httpx.TimeoutException, httpx.TransportError) as error:
                found.statuses[type(error).__name__] += 1
                found.fault(f"{sender.name}: {_told(request)}: {type(error).__name__}")
                continue
            except (httpx.InvalidURL, UnicodeError):
                found.statuses["not sent"] += 1
                continue
            found.statuses[f"{answer.status_code // 100}xx"] += 1
            if answer.status_code >= 500:
                found.statuses[str(answer.status_code)] += 1
            if answer.status_code == 500 or (
                answer.status_code > 500 and str(answer.status_code) not in described
            ):
                found.fault(f"{sender.name}: {_told(request)}: {answer.status_code}")
            if any(leak in answer.text for leak in LEAKS):
                found.fault(f"{sender.name}: {_told(request)}: tells {answer.text[:200]}")

    numbers = iter(range(count))
    await asyncio.gather(*(some(numbers) for _ in range(SENDING_AT_ONCE)))


def _told(request: dict[str, Any]) -> str:
    return f"{request['method']} {request['url'][:80]} {request.get('content', b'')[:200]!r}"


FRAMES = (
    "user_message",
    "regenerate",
    "stop",
    "follow",
    "unqueue",
    "queue_resume",
    "queue_order",
    "send_now",
    "decide",
)


def frame(rng: random.Random, ids: list[str]) -> str | bytes:
    """A frame: sound, nearly, or nothing of the kind."""
    if rng.random() < 0.05:
        body = rng.choice(texts.BODIES)
        return body if rng.random() < 0.3 else body.decode("latin-1")
    if rng.random() < 0.25:
        return json.dumps(_sound(rng, ids))
    kind: Any = rng.choice(FRAMES) if rng.random() < 0.8 else rng.choice(("heartbeat", "", None))
    made: dict[str, Any] = {"type": kind}
    for name in ("id", "message_id", "parent_id", "call_id"):
        if rng.random() < 0.4:
            made[name] = rng.choice((*ids, texts.random_id(rng), rng.choice(texts.IDS)))
    if rng.random() < 0.8:
        made["client_id"] = str(uuid4())
    if rng.random() < 0.7:
        made["content"] = rng.choice(("hello", texts.hostile(rng)))
    if rng.random() < 0.5:
        names = rng.sample(("model", "temperature", "max_tokens", "top_p", "odd"), 2)
        made["parameters"] = {name: texts.hostile(rng) for name in names}
    for name in ("reason", "arguments", "remember", "answers"):
        if rng.random() < 0.2:
            made[name] = texts.hostile(rng)
    for name in ("queue", "continue", "allow"):
        if rng.random() < 0.2:
            made[name] = rng.choice((True, False, None, "x"))
    return json.dumps(made)


def _sound(rng: random.Random, ids: list[str]) -> dict[str, Any]:
    """A frame that is taken: a message, one that makes the model call a tool, or a command."""
    made: dict[str, Any] = {"client_id": str(uuid4())}
    match rng.randrange(4):
        case 0:
            content = rng.choice([text for text in texts.TEXTS if text.strip()])
            parameters = {"model": "normal"}  # or the one of the message before would be kept
            made |= {"content": content, "parameters": parameters, "queue": True}
            return {**made, "type": "user_message"}
        case 1:
            expression = rng.choice(("2 ** 0.5", "9 ** 9 ** 9", "(" * 200, "1e999", "x" * 5000))
            calls = json.dumps([["calculate", {"expression": expression}]])
            parameters = {"model": "calls"}
            return {**made, "type": "user_message", "content": calls, "parameters": parameters}
        case 2:
            return {**made, "type": "stop", "id": rng.choice(ids)}
    return {
        **made,
        "type": "decide",
        "message_id": rng.choice(ids),
        "call_id": rng.choice(ids),
        "allow": rng.random() < 0.5,
    }


# Of frames on one socket: more would not be read, but refused.
FRAMES_A_SECOND = 18


async def send_frames(
    people: list[tuple[Person, str]],
    count: int,
    found: Found,
    rng: random.Random,
    *,
    pause: float = 1 / FRAMES_A_SECOND,
) -> None:
    """Send `count` frames on the sockets of these people, as fast as they are read, or without
    `pause`; a closed socket is opened again."""
    numbers = iter(range(count))

    async def some(person: Person, chat: str) -> None:
        ids = [chat]
        number = next(numbers, None)
        while number is not None:
            # It may close late: frames that were sent before are read at their pace.
            async with person.socket(chat, close_timeout=2 * WAIT_S) as socket:
                try:
                    while number is not None:
                        sent = frame(rng, ids)
                        await socket.connection.send(sent)
                        found.inputs += 1
                        number = next(numbers, None)
                        await asyncio.sleep(pause)
                except ConnectionClosed:
                    pass
            for event in socket.events:
                found.statuses[str(event.get("code") or event["type"])] += 1
                if event.get("code") == "internal" or any(leak in str(event) for leak in LEAKS):
                    found.fault(f"frame: {event}")
                if event["type"] == "message_start":
                    ids = [*ids[-20:], event["id"]]
                elif event["type"] == "message_end":
                    ids += [call["id"] for call in event.get("tool_calls") or ()]
            if socket.close_code not in (1000, 1005, 4400, 4429, 1009):
                found.fault(f"frame: closed with {socket.close_code}")

    await asyncio.gather(*(some(person, chat) for person, chat in people))
