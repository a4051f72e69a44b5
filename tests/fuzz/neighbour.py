"""What somebody else waits while a server is flooded, and what the flood leaves behind.

The neighbour is a process of its own: what sends the flood is busy itself, and would measure that.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.people import bearer, client
from tests.harness.place import Person
from tests.harness.server import ChatServer

# Seconds between two questions.
PAUSE = 0.05


@dataclass
class Waits:
    """Seconds that answers took: of an ordinary request, and of one that only the loop answers."""

    account: list[float] = field(default_factory=list)
    loop: list[float] = field(default_factory=list)

    @property
    def typical(self) -> float:
        return statistics.median(self.account)

    @property
    def late(self) -> float:
        """What one in a hundred waits longer than."""
        return statistics.quantiles(self.account, n=100)[-1]

    @property
    def longest_pause(self) -> float:
        return max(self.loop)


@asynccontextmanager
async def neighbour(person: Person) -> AsyncIterator[Waits]:
    """Ask all the while, as a person who does nothing else. The waits are there after the block."""
    waits = Waits()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fuzz.neighbour", person.place.server.url, person.key),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdout.readline()  # it has begun
    try:
        yield waits
    finally:
        process.stdin.close()
        told = json.loads(await process.stdout.read())
        await process.wait()
        waits.account, waits.loop = told


def disk(server: ChatServer) -> int:
    """Bytes of its folder."""
    return sum(path.stat().st_size for path in Path(server.directory).rglob("*") if path.is_file())


def processor_seconds(server: ChatServer) -> float:
    """What its process has computed so far."""
    values = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


async def _ask_until_told(url: str, key: str) -> None:
    """The other process: asks until its standard input is closed, then tells what it waited."""
    http = client(url, bearer(key), {})
    waits = Waits()

    async def ask(path: str, into: list[float]) -> None:
        while True:
            began = time.perf_counter()
            answer = await http.get(path)
            into.append(time.perf_counter() - began)
            assert answer.status_code == 200, f"{path}: {answer.status_code}"
            await asyncio.sleep(PAUSE)

    for path in ("/api/me/", "/healthz"):
        await http.get(path)  # the connections are open
    print(flush=True)
    tasks = [asyncio.create_task(ask("/api/me/", waits.account))]
    tasks += [asyncio.create_task(ask("/healthz", waits.loop))]
    closed = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([*tasks, closed], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
    print(json.dumps([waits.account, waits.loop]))


if __name__ == "__main__":
    asyncio.run(_ask_until_told(*sys.argv[1:]))
