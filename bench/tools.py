"""What tools cost: `python -m bench.tools [calls]`.

The tools answer at once, so all that is told is ours and the protocol's. "the call" is what a
person is shown as its time; "between two replies" is from the end of the reply that asks to the
start of the next. Then a thousand calls are left undecided, and the server is watched while they
wait, as it was before. The model is scripted; figures compare within a run only.
"""

import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.server.sites import cpu_seconds, resident
from tests.harness.place import Person, Place, place_at
from tests.harness.postgresql import PostgreSQL
from tests.harness.rest import ok
from tests.harness.server import ChatServer
from tests.harness.tool_server import add_tool_server, calls, chat_with_tools

SUM = json.dumps([("calculate", {"expression": "0.1 + 0.2"})])
UNDECIDED = 1000
AT_ONCE = 8
WATCHED_S = 30.0


async def timed(person: Person, tools: str, asked: str, rounds: int) -> list[tuple[float, float]]:
    """Milliseconds of a call, and between the two replies of its turn."""
    chat = await chat_with_tools(person, tools)
    found: list[tuple[float, float]] = []
    async with person.socket(chat) as socket:
        for _ in range(rounds):
            end = await socket.reply(asked, model="calls")
            ended = time.perf_counter()
            start = await socket.next("message_start", parent_id=end["id"])
            between = time.perf_counter() - ended
            done = await socket.next("message_end", id=start["id"])
            call = socket.heard("tool_call", id=end["id"])[-1]["call"]
            if (done["status"], call["state"]) != ("completed", "done"):
                sys.exit(f"The turn failed: {call} {done}")
            found.append((call["took_s"] * 1000, between * 1000))
    return found


def told(name: str, found: list[tuple[float, float]]) -> None:
    columns = [sorted(column) for column in zip(*found, strict=True)]
    parts = [f"{statistics.median(c):6.1f} {c[int(len(c) * 0.95)]:6.1f}" for c in columns]
    print(f"{name:28} call {parts[0]}   between two replies {parts[1]}   ms: median, 95 %")


async def undecided(place: Place, server: dict[str, Any]) -> None:
    """Ask a thousand times, and leave it. Each person may change ten things a second."""
    people = itertools.cycle([await place.person() for _ in range(4 * AT_ONCE)])
    asked = calls(server, ("write", {"text": "x"}))
    left = iter(range(UNDECIDED))

    async def some() -> None:
        for _ in left:
            person = next(people)
            chat = await chat_with_tools(person, server["name"])
            reply = ok(await person.rest.generate(chat, asked, model="calls"))
            if reply["message"]["tool_calls"][0]["state"] != "asked":
                sys.exit(f"The call does not wait: {reply}")

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


async def watched(server: ChatServer, database: PostgreSQL, name: str) -> None:
    """Memory, processor time and transactions of a server that nobody asks anything."""

    def transactions() -> int:
        statement = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
        return int(database.execute(statement, name)[0][0])

    cpu, done = cpu_seconds(server.pid), transactions()
    await asyncio.sleep(WATCHED_S)
    cpu, done = cpu_seconds(server.pid) - cpu, transactions() - done
    print(
        f"  {resident(server.pid):.0f} MiB, {cpu / WATCHED_S * 1000:.1f} ms of processor time and "
        f"{done / WATCHED_S:.1f} transactions a second"
    )


async def main(rounds: int) -> None:
    with ExitStack() as stack:
        database = PostgreSQL()
        database.start()
        stack.callback(database.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = database.database()
        limits: dict[str, Any] = {"CHAT_REQUESTS_PER_MINUTE": 0, "CHAT_CONCURRENT_REQUESTS": 0}
        server = ChatServer("uvicorn", folder, **limits, DATABASE_URL=url)
        stack.callback(server.close)
        server.start()
        async with place_at(server) as place:
            staff = await place.person(staff=True)
            added = await add_tool_server(staff, trusted=True)
            look_up = calls(added, ("look_up", {"word": "x"}))
            told("built in", await timed(staff, "builtin", SUM, rounds))
            told("an MCP server (Python SDK)", await timed(staff, added["name"], look_up, rounds))
            for count in (0, UNDECIDED):
                if count:
                    await undecided(place, added)
                print(f"{count} undecided calls:")
                await watched(server, database, url.rpartition("/")[2].partition("?")[0])


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 100))
