"""`make bench`: print what streams, tokens, idle sockets and a start cost on this machine.

Each figure stands beside a baseline of the same run, since figures alone say more of the machine
than of the code. The model is scripted (its own process), so it costs nothing of ours.

    tokens    CPU time of the server per token, against a process that only reads the same
              streams through the official `ollama` client
    first     milliseconds from a sent message to its first text, against a bare request to the
              model's server
    idle      memory of an open socket that says nothing
    start     seconds from the command to the first answer, against importing Django's handler
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import websockets

from tests.harness.ports import free_port
from tests.harness.server import KINDS, ChatServer, Kind

TICKS = 100  # of /proc/PID/stat, per second


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Bench:
    """One server, one user, and the scripted model behind it."""

    def __init__(self, server: ChatServer, key: str) -> None:
        self.server = server
        self.headers = {"Authorization": f"Bearer {key}"}
        self.http = httpx.AsyncClient(
            base_url=server.url, headers=self.headers, trust_env=False, timeout=60
        )

    async def socket(self) -> websockets.ClientConnection:
        chat = (await self.http.post("/api/conversations/", json={})).json()["id"]
        return await websockets.connect(
            f"ws://{self.server.address}/ws/chat/{chat}/",
            additional_headers=self.headers,
            proxy=None,
        )

    async def ask(
        self, socket: websockets.ClientConnection, **parameters: str
    ) -> tuple[float, dict[str, Any]]:
        """Seconds to the first text, and the end."""
        started, first = time.perf_counter(), 0.0
        frame = {
            "type": "user_message",
            "client_id": str(uuid.uuid4()),
            "content": "Go",
            "parameters": parameters,
        }
        await socket.send(json.dumps(frame))
        async for text in socket:
            event = json.loads(text)
            if event["type"] == "delta" and not first:
                first = time.perf_counter() - started
            if event["type"] == "message_end":
                return first, event
        raise RuntimeError("the socket was closed")

    async def tokens(self, streams: int) -> float:
        """CPU microseconds of the server per token, with so many streams at once."""
        sockets = [await self.socket() for _ in range(streams)]
        before = cpu_seconds(self.server.pid)
        ends = await asyncio.gather(*map(self.ask, sockets))
        used = cpu_seconds(self.server.pid) - before
        count = sum(end["tokens"]["completion"] for _, end in ends)
        for socket in sockets:
            await socket.close()
        return float(used / count * 1e6)

    async def first(self, model: str, times: int = 20) -> float:
        """Milliseconds to the first text, the median."""
        socket = await self.socket()
        found = [(await self.ask(socket, model=model))[0] * 1000 for _ in range(times)]
        await socket.close()
        return statistics.median(found)

    async def idle(self, count: int) -> float:
        """KiB of memory for each open socket."""
        before = self.server.memory()
        sockets = [await self.socket() for _ in range(count)]
        grown = self.server.memory() - before
        for socket in sockets:
            await socket.close()
        return grown / count / 1024


READER = """
import asyncio, sys, time
import httpx, ollama
async def read(client):
    n = 0
    async for part in await client.chat(model=sys.argv[2], stream=True,
                                        messages=[{"role": "user", "content": "Go"}]):
        n += bool(part.message.content)
    return n
async def main():
    client = ollama.AsyncClient(sys.argv[1], limits=httpx.Limits(max_connections=None))
    before = time.process_time()
    counts = await asyncio.gather(*(read(client) for _ in range(int(sys.argv[3]))))
    print((time.process_time() - before) / sum(counts) * 1e6)
asyncio.run(main())
"""


def reader_cost(model_url: str, model: str, streams: int) -> float:
    """The baseline of `tokens`: CPU microseconds per token of a process that only reads."""
    command = [sys.executable, "-c", READER, model_url, model, str(streams)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


async def bare_first(model_url: str, model: str, times: int = 20) -> float:
    """The baseline of `first`: milliseconds to the first byte of the model's own server."""
    found = []
    body = {"model": model, "messages": [{"role": "user", "content": "Go"}]}
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(times):
            started = time.perf_counter()
            async with client.stream("POST", f"{model_url}/api/chat", json=body) as response:
                async for _line in response.aiter_raw():
                    found.append((time.perf_counter() - started) * 1000)
                    break
    return statistics.median(found)


def seconds_of(*command: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


async def measure(kind: Kind, model_port: int, folder: Path, streams: int, tokens: int) -> None:
    model, quick = f"paced:n={tokens},gap=0.025", "normal"
    model_url = f"http://127.0.0.1:{model_port}"
    server = ChatServer(
        kind, folder / kind, CHAT_DEFAULT_MODEL=model, OLLAMA_BASE_URL=model_url, USE_OPENAI="off"
    )
    try:
        started = time.perf_counter()
        server.start()
        start = time.perf_counter() - started
        person = server.clerk("person", name="bench", staff=False)
        resident = server.memory() / 2**20
        bench = Bench(server, person["key"])
        ours, plain = await bench.tokens(streams), reader_cost(model_url, model, streams)
        first, bare = await bench.first(quick), await bare_first(model_url, quick)
        idle = await bench.idle(200)
        await bench.http.aclose()
    finally:
        server.close()
    django = seconds_of(sys.executable, "-c", "import django.core.handlers.asgi")
    print(f"{kind}:")
    print(f"  tokens  {ours:7.0f} µs CPU each   reader {plain:.0f} µs   ratio {ours / plain:.2f}")
    print(f"  first   {first:7.1f} ms           bare {bare:.1f} ms   added {first - bare:.1f} ms")
    print(f"  idle    {idle:7.1f} KiB a socket  server {resident:.0f} MiB after the start")
    print(f"  start   {start:7.2f} s            import {django:.2f} s   ratio {start / django:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=160)
    options = parser.parse_args()
    port = free_port()
    command = [sys.executable, "-m", "tests.scripted.ollama", "--port", str(port)]
    model = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with tempfile.TemporaryDirectory() as folder:
            for kind in KINDS:
                asyncio.run(measure(kind, port, Path(folder), options.streams, options.tokens))
    finally:
        model.terminate()
        model.wait()


if __name__ == "__main__":
    main()
