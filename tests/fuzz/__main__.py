"""`python -m tests.fuzz`: run everything against servers of its own, and print a table."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from streaming import allocator
from tests.fuzz.floods import FLOODS, warm
from tests.fuzz.inputs import Found, Operations, send_frames, send_requests
from tests.fuzz.neighbour import Waits, disk, neighbour, processor_seconds
from tests.fuzz.people import senders, socket_people
from tests.harness.place import Place, place_at
from tests.harness.rest import ok
from tests.harness.server import ChatServer, Kind

KINDS: tuple[Kind, ...] = ("daphne", "uvicorn")
# Limits as they are outside of tests, but for what would refuse the inputs before they are read.
SETTINGS = {"CHAT_REQUESTS_PER_MINUTE": 100_000, "CHAT_CONCURRENT_REQUESTS": 30}
PEOPLE_WITH_SOCKETS = 20
GROUPS = 6
QUIET_SECONDS = 3.0
# Inputs that are sent first: what is loaded with its first use, and caches, are no growth.
LOADING = 400
# When a server has given back what it does not need.
REST_SECONDS = 2 * allocator.PAUSE
# The part of a processor that the neighbour alone makes a server use, and some more.
IDLE = 0.3
HEAD = ("", "inputs", "wait", "late", "pause ms", "MB", "disk MB", "answers")


def main() -> int:
    """Returns 1 when something was answered as no description says."""
    reader = argparse.ArgumentParser(prog="make fuzz")
    reader.add_argument("--inputs", type=int, default=200_000, help="of all servers together")
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--servers", default=",".join(KINDS))
    arguments = reader.parse_args()
    kinds = arguments.servers.split(",")
    faults: list[str] = []
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            server = ChatServer(kind, Path(folder), **SETTINGS)
            server.start()
            try:
                work = run(server, arguments.inputs // len(kinds), random.Random(arguments.seed))
                faults += told(asyncio.run(work))
            finally:
                server.close()
    return bool(faults)


def told(faults: list[str]) -> list[str]:
    for fault in faults:
        print(f"FAULT {fault}", flush=True)
    return faults


async def run(server: ChatServer, count: int, rng: random.Random) -> list[str]:
    """Everything at one server. Returns the faults."""
    faults: list[str] = []
    async with place_at(server) as place:
        person = await warm(place)
        many = await senders(place, GROUPS)
        people = await socket_people(place, PEOPLE_WITH_SOCKETS)
        description = ok(await person.rest.get("/api/schema/", format="json"))
        operations = Operations(description, rng)

        def floods(count: int) -> dict[str, Callable[[Found], Awaitable[None]]]:
            sent: dict[str, Callable[[Found], Awaitable[None]]] = {
                "requests": lambda found: send_requests(operations, many, count // 2, found, rng),
                "frames": lambda found: send_frames(people, count // 2, found, rng),
                "frame flood": lambda found: send_frames(people, count // 20, found, rng, pause=0),
            }
            for name, flood in FLOODS.items():
                sent[name] = lambda found, flood=flood: flood(place, found, min(count // 50, 2000))
            return sent

        print(f"\n{server.kind}: {server.memory() / 1e6:.0f} MB after the start", end="")
        for flood in floods(LOADING).values():
            await flood(Found())
        await asyncio.sleep(REST_SECONDS)
        print(f", {server.memory() / 1e6:.0f} MB when a little of everything was sent.")
        async with neighbour(person) as quiet:
            await asyncio.sleep(QUIET_SECONDS)
        print(f"A quiet neighbour waits {quiet.typical * 1000:.1f} ms.")
        print(line(HEAD))
        # The second time shows whether what is left grows.
        for names in (list(floods(count)), list(FLOODS)):
            for name in names:
                faults += await measured(place, name, floods(count)[name], quiet)
            await asyncio.sleep(REST_SECONDS)
            left = f"{server.memory() / 1e6:.0f} MB {REST_SECONDS:.0f} s after the last flood."
            print(left, flush=True)
        for sender in many:
            await sender.http.aclose()
    log = server.log
    for word in ("Traceback", "Warning"):
        if word in log:
            faults.append(f"the log has {log.count(word)} times {word}")
            print(log[max(0, log.index(word) - 500) :][:3000], file=sys.stderr)
    return [f"{server.kind}: {fault}" for fault in faults]


async def measured(
    place: Place, name: str, send: Callable[[Found], Awaitable[None]], quiet: Waits
) -> list[str]:
    """Flood a server beside a neighbour, and print what came of it. Returns the faults."""
    server, found = place.server, Found()
    person = await warm(place)
    memory, room, began = server.memory(), disk(server), time.monotonic()
    async with neighbour(person) as waits:
        await send(found)
        await worked_off(server)
    took = time.monotonic() - began
    row = (
        name,
        f"{found.inputs} in {took:.0f} s",
        f"{waits.typical / quiet.typical:.1f}x",
        f"{waits.late / quiet.typical:.1f}x",
        f"{waits.longest_pause * 1000:.0f}",
        f"{memory / 1e6:.0f} to {server.memory() / 1e6:.0f}",
        f"{(disk(server) - room) / 1e6:+.1f}",
        ", ".join(f"{status} {number}" for status, number in found.statuses.most_common(6)),
    )
    print(line(row), flush=True)
    return [f"{name}: {fault}" for fault in found.faults]


async def worked_off(server: ChatServer) -> None:
    """Return when a server has hardly worked for half a second, or after half a minute: what it had
    read of one flood is not to be counted to the next."""
    for _ in range(60):
        before = processor_seconds(server)
        await asyncio.sleep(0.5)
        if processor_seconds(server) - before < IDLE * 0.5:
            return


def line(row: tuple[str, ...]) -> str:
    widths = (14, 16, 7, 7, 9, 13, 8)
    padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
    return " ".join([*padded, *row[len(widths) :]])


if __name__ == "__main__":
    raise SystemExit(main())
