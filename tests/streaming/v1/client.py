"""A `/v1` client that hides nothing: bodies, headers, and a stream's events as they came."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.harness.place import Person
from tests.harness.rest import assert_clean
from tests.scripted.ollama import entry

Json = dict[str, Any]
SEES = entry("normal:sees=1", capabilities=("completion", "vision"))
HELLO = [{"role": "user", "content": "Hello there"}]


def body(model: str | None = "normal", **more: Any) -> Json:
    return {**({"model": model} if model else {}), "messages": HELLO, **more}


async def post(person: Person, data: Any, path: str = "/v1/chat/completions") -> httpx.Response:
    offer(person, data)
    return await person.rest.http.post(path, json=data)


async def complete(person: Person, model: str | None = "normal", **more: Any) -> Json:
    """The answer to a request that has to succeed."""
    response = await post(person, body(model, **more))
    assert response.status_code == 200, response.text
    return dict(response.json())


def refused(response: httpx.Response, status: int, code: str, param: str | None = None) -> Json:
    """The `error` of a refusal, in OpenAI's one shape."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:2000]}"
    assert response.headers["content-type"] == "application/json"
    return told(response.json(), code, param)


def told(data: Json, code: str, param: str | None = None) -> Json:
    """The `error` of a body or of an event."""
    assert set(data) == {"error"}
    error = data["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param), error
    assert isinstance(error["type"], str)
    assert " " in error["message"]
    assert_clean(json.dumps(data))
    return dict(error)


def offer(person: Person, data: Any) -> None:
    if isinstance(data, dict) and isinstance(data.get("model"), str):
        person.place.offer(data["model"])


class Stream:
    """An open stream. `frames` are its raw events and comments, blank lines left out."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.frames: list[str] = []
        self._bytes = response.aiter_bytes()
        self._rest = b""

    async def frame(self) -> str:
        """The next event or comment. Raises `StopAsyncIteration` at the end."""
        while b"\n\n" not in self._rest:
            self._rest += await anext(self._bytes)
        frame, _, self._rest = self._rest.partition(b"\n\n")
        self.frames.append(frame.decode())
        return self.frames[-1]

    async def until(self, text: str) -> str:
        """Read on to the first frame that holds `text`."""
        while text not in (frame := await self.frame()):
            pass
        return frame

    async def rest(self) -> list[str]:
        """Read to the end, and give all frames of the stream."""
        try:
            while True:
                await self.frame()
        except StopAsyncIteration:
            assert self._rest == b"", "the last event has no blank line after it"
        return self.frames


@asynccontextmanager
async def streaming(
    person: Person, model: str | None = "normal", path: str = "/v1/chat/completions", **more: Any
) -> AsyncIterator[Stream]:
    """An open stream; leaving closes the connection, whatever is still to come."""
    data = {"stream": True, **({"model": model} if model else {}), **more}
    if path == "/v1/chat/completions":
        data = {"messages": HELLO, **data}
    offer(person, data)
    async with person.rest.http.stream("POST", path, json=data) as response:
        if response.status_code != 200:
            await response.aread()
        assert response.status_code == 200, response.text
        yield Stream(response)


def events(frames: list[str]) -> list[Json]:
    """The JSON of every event but the end mark, which has to be the last frame."""
    assert frames[-1] == "data: [DONE]"
    told = [frame for frame in frames[:-1] if not frame.startswith(":")]
    assert all(frame.startswith("data: ") and "\n" not in frame for frame in told)
    return [json.loads(frame.removeprefix("data: ")) for frame in told]


async def stream(person: Person, model: str = "normal", **more: Any) -> list[Json]:
    """Every event of a whole stream."""
    async with streaming(person, model, **more) as open_stream:
        return events(await open_stream.rest())


def deltas(chunks: list[Json]) -> list[Json]:
    return [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]


def text(chunks: list[Json], kind: str = "content") -> str:
    return "".join(delta.get(kind) or "" for delta in deltas(chunks))


def reasons(chunks: list[Json]) -> list[str]:
    """The finish reasons that are not null."""
    found = (choice["finish_reason"] for chunk in chunks for choice in chunk["choices"])
    return [reason for reason in found if reason]


def calls(chunks: list[Json]) -> list[Json]:
    """The tool calls, put together as clients do it; ids and names come once."""
    found: dict[int, Json] = {}
    for part in (part for delta in deltas(chunks) for part in delta.get("tool_calls", ())):
        if part["index"] not in found:
            assert part["index"] == len(found)
            assert part["type"] == "function"
            found[part["index"]] = {"id": part["id"], **part["function"]}
        else:
            assert set(part) == {"index", "function"}
            assert set(part["function"]) == {"arguments"}
            found[part["index"]]["arguments"] += part["function"]["arguments"]
    return list(found.values())
