"""Hostile and broken models beside a neighbour: `python -m tests.fuzz.hostile_models`.

Each model of `tests.scripted.hostile` writes several replies at once, over both protocols, as a
chat by REST and as a stream of `/v1`. For each model it prints how long they took, what a neighbour
waited for a short answer as a ratio to the quiet server, the server's memory, and how replies
ended. `NAMES` are the models, for others who send requests of their own.
"""

import argparse
import asyncio
import contextlib
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median
from uuid import uuid4

import httpx

from tests.harness.place import Person, Place, place_at
from tests.harness.rest import ok
from tests.harness.server import ChatServer, Kind
from tests.scripted.hostile import ENDLESS, FIGURES, JUNK, ODD

# These end by the clock alone, after an hour.
ENDS_BY_TIME = {"flood_pings", "flood_tail"}
NAMES = [
    *(name for name in ENDLESS if name not in ENDS_BY_TIME),
    *(f"flood_text:size=5,batch={count}" for count in (1, 100)),
    *(name for name in ODD if name not in ("figures", "junk")),
    *(f"figures:of={number}" for number in range(len(FIGURES))),
    *(f"junk:of={number}" for number in range(len(JUNK))),
]
PROVIDERS = ("ollama", "openai", "inference")
# How often a neighbour asks the quiet server.
QUIET = 15
# Longer than any reply here takes on a slow machine, in seconds.
TOO_LONG = 120.0


async def answer(person: Person) -> float:
    """How long a short answer takes, in seconds."""
    body = {"model": "normal", "messages": [{"role": "user", "content": "Hi"}]}
    started = time.perf_counter()
    response = await person.rest.http.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    return time.perf_counter() - started


async def chat(person: Person, name: str, provider: str) -> str:
    """How a reply of the model ends in a chat."""
    conversation = await _conversation(person)
    body = {"client_id": str(uuid4()), "content": "Go on", "parameters": {"model": name}}
    path = f"/api/conversations/{conversation}/generate/?provider={provider}"
    response = await person.rest.http.post(path, json=body)
    return _ending(response, response.json().get("message") or {})


async def _conversation(person: Person) -> str:
    """A new one. Of more than ten a second the others wait."""
    while (made := await person.rest.post("/api/conversations/", {})).status_code == 429:
        await asyncio.sleep(float(made.headers["Retry-After"]))
    return str(ok(made, 201)["id"])


async def program(person: Person, name: str) -> str:
    """How a stream of it ends."""
    messages = [{"role": "user", "content": "Go on"}]
    body = {"model": name, "messages": messages, "stream": True, "max_tokens": 512}
    response = await person.rest.http.post("/v1/chat/completions", json=body)
    if response.status_code != 200:
        return _ending(response, {})
    events = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]", f"{name} has no end"
    last = json.loads(events[-2])
    return str(last["error"]["code"]) if "error" in last else "completed"


def _ending(response: httpx.Response, row: dict[str, object]) -> str:
    error = response.json().get("error")
    assert response.status_code in (200, 400, 404, 502, 503, 504), response.text[:500]
    return str(error["code"]) if error else str(row.get("status"))


async def flood(place: Place, person: Person, name: str, at_once: int) -> Counter[str]:
    """Let the model write that many replies to each door. Returns how they ended."""
    place.offer(name)
    asked = [chat(person, name, PROVIDERS[n % len(PROVIDERS)]) for n in range(at_once)]
    asked += [program(person, name) for _ in range(at_once)]
    async with asyncio.timeout(TOO_LONG):
        return Counter(await asyncio.gather(*asked))


async def watch(person: Person, waits: list[float]) -> None:
    while True:
        waits.append(await answer(person))


async def run(place: Place, at_once: int) -> int:
    """Print a line for each model. Returns the number of replies."""
    person, neighbour = await place.person(staff=True), await place.person()
    person.rest.http.timeout = httpx.Timeout(TOO_LONG)
    await answer(neighbour)
    quiet = median([await answer(neighbour) for _ in range(QUIET)])
    print(f"\n{place.server.kind}: a quiet neighbour waits {quiet * 1000:.1f} ms")
    replies = 0
    for name in NAMES:
        waits: list[float] = []
        watching = asyncio.create_task(watch(neighbour, waits))
        before, started = place.server.memory(), time.perf_counter()
        endings = await flood(place, person, name, at_once)
        took = time.perf_counter() - started
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        grown = (place.server.memory() - before) / 2**20
        longest = max(waits, default=0.0) / quiet
        told = ", ".join(f"{ending} {count}" for ending, count in sorted(endings.items()))
        print(f"{name:28} {took:6.2f} s  longest wait {longest:5.1f}x  {grown:+6.1f} MiB  {told}")
        replies += endings.total()
    return replies


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--at-once", type=int, default=6, help="replies at each door")
    parser.add_argument("--servers", nargs="*", default=["daphne", "uvicorn"])
    arguments = parser.parse_args()
    for kind in arguments.servers:
        with tempfile.TemporaryDirectory() as folder:
            server = _started(kind, Path(folder))
            try:
                replies = asyncio.run(_run_at(server, arguments.at_once))
            finally:
                server.close()
        assert "Traceback" not in server.log, server.log[-5000:]
        print(f"{replies} replies, all ended")


def _started(kind: Kind, folder: Path) -> ChatServer:
    server = ChatServer(kind, folder)
    server.start()
    return server


async def _run_at(server: ChatServer, at_once: int) -> int:
    async with place_at(server) as place:
        return await run(place, at_once)


if __name__ == "__main__":
    main()
