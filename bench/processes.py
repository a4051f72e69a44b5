"""`python -m bench.processes`: what several server processes cost, on PostgreSQL and Redis behind
nginx, beside one process that keeps everything in its memory.

So many streams at once, each of so many tokens, paced as a model paces them; a second socket can
watch each stream through another process. CPU time is counted of each program by itself, since on
a small machine the clients and the scripted model take most of it: tokens a CPU second compare.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import websockets

from bench.server.sites import cpu_seconds
from tests.harness.nginx import Nginx
from tests.harness.ports import free_port
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
from tests.harness.server import ChatServer
from tests.harness.services import Service

TICKS = 100  # of /proc/PID/stat, a second
SECRET = "k0jNXwLq4v7RtZb2Pm" * 4


def family_seconds(pid: int) -> float:
    """CPU seconds of a process and its children, those that have ended too."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if stat.parent.name == str(pid):
            total += sum(map(int, fields[11:15]))
        elif fields[1] == str(pid):
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


class Installation:
    """Server processes and what they share; `one` is a single one on SQLite with no Redis."""

    def __init__(self, stack: ExitStack, folder: Path, count: int, model_url: str) -> None:
        self.redis: RedisServer | None = None
        self.services: dict[str, Service] = {}
        common: dict[str, Any] = {"OLLAMA_BASE_URL": model_url, "USE_OPENAI": "off"}
        common["CHAT_SOCKETS_PER_USER"] = 10_000
        if count == 0:
            self.servers = [ChatServer("uvicorn", folder / "one", **common)]
        else:
            postgresql, self.redis = PostgreSQL(), RedisServer(persistent=False)
            self.services = {"postgresql": postgresql, "redis": self.redis}
            for service in self.services.values():
                stack.callback(service.close)
                service.start()
            common |= {"DATABASE_URL": postgresql.database(), "REDIS_URL": self.redis.fresh()}
            first = ChatServer("uvicorn", folder / "0", SECRET_KEY=SECRET, **common)
            others = [
                ChatServer("uvicorn", folder / str(number), beside=first)
                for number in range(1, count)
            ]
            self.servers = [first, *others]
        for server in self.servers:
            stack.callback(server.close)
            server.start()
        self.nginx = Nginx([server.port for server in self.servers])
        stack.callback(self.nginx.close)
        self.nginx.start()
        self.services["nginx"] = self.nginx

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far, by program."""
        found = {name: family_seconds(service.pid) for name, service in self.services.items()}
        return found | {"servers": sum(cpu_seconds(server.pid) for server in self.servers)}

    def commands(self) -> int:
        """How many commands Redis has done."""
        if self.redis is None:
            return 0
        with self.redis.client() as client:
            return int(client.info("stats")["total_commands_processed"])


class Visitor:
    """One user at nginx, with sockets through whichever process it chooses."""

    def __init__(self, front: Nginx, key: str) -> None:
        self.front = front
        self.headers = {"Authorization": f"Bearer {key}"}
        self.http = httpx.AsyncClient(
            base_url=front.url, headers=self.headers, trust_env=False, timeout=120
        )

    async def conversation(self) -> str:
        """A new one. More than ten a second have to wait."""
        answer = await self.http.post("/api/conversations/", json={})
        if answer.status_code == 429:
            await asyncio.sleep(float(answer.headers["Retry-After"]))
            return await self.conversation()
        return str(answer.json()["id"])

    async def socket(self, chat: str) -> websockets.ClientConnection:
        address = f"ws://127.0.0.1:{self.front.port}/ws/chat/{chat}/"
        return await websockets.connect(address, additional_headers=self.headers, proxy=None)

    async def stream(self, chat: str, model: str, watchers: int) -> int:
        """The tokens of one reply; everyone who watches it has it whole."""
        sockets = [await self.socket(chat) for _ in range(1 + watchers)]
        frame = {"type": "user_message", "client_id": str(uuid.uuid4()), "content": "Go"}
        await sockets[0].send(json.dumps(frame | {"parameters": {"model": model}}))
        ends = await asyncio.gather(*map(_end, sockets))
        for socket in sockets:
            await socket.close()
        if any(end["full_content"] != ends[0]["full_content"] for end in ends):
            raise RuntimeError("two sockets were told different texts")
        if ends[0]["status"] != "completed":
            raise RuntimeError(f"a reply ended so: {ends[0].get('error')}")
        return int(ends[0]["tokens"]["completion"])


async def _end(socket: websockets.ClientConnection) -> dict[str, Any]:
    async for text in socket:
        event: dict[str, Any] = json.loads(text)
        if event["type"] == "message_end":
            return event
    raise RuntimeError("the socket was closed")


async def measure(at: Installation, streams: int, model: str, watchers: int) -> dict[str, float]:
    """Microseconds of CPU for each token, by program; commands of Redis; tokens a second."""
    person = at.servers[0].clerk("person", name=f"bench-{uuid.uuid4().hex[:8]}", staff=False)
    visitor = Visitor(at.nginx, person["key"])
    chats = [await visitor.conversation() for _ in range(streams)]
    before, asked, started = at.cpu(), at.commands(), time.perf_counter()
    counts = await asyncio.gather(*(visitor.stream(chat, model, watchers) for chat in chats))
    lasted, tokens = time.perf_counter() - started, sum(counts)
    after = at.cpu()
    await visitor.http.aclose()
    found = {name: (after[name] - before[name]) / tokens * 1e6 for name in after}
    commands = (at.commands() - asked) / tokens
    return found | {"commands": commands, "a second": tokens / lasted}


def report(name: str, found: dict[str, float], baseline: float) -> None:
    parts = " ".join(
        f"{part} {found[part]:.0f}" for part in ("redis", "postgresql", "nginx") if part in found
    )
    print(
        f"  {name:<24} servers {found['servers']:5.0f} µs a token, efficiency "
        f"{baseline / found['servers']:.2f}   {parts}   {found['commands']:.2f} Redis commands, "
        f"{found['a second']:.0f} tokens/s"
    )
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.processes", description=__doc__)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=160)
    parser.add_argument("--gap", type=float, default=0.025, help="seconds between two tokens")
    options = parser.parse_args()
    port = free_port()
    command = [sys.executable, "-m", "tests.scripted.ollama", "--port", str(port)]
    model = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url, name = f"http://127.0.0.1:{port}", f"paced:n={options.tokens},gap={options.gap}"
    print(f"{options.streams} streams of {options.tokens} tokens, {1 / options.gap:.0f} a second:")
    baseline = 0.0
    try:
        for count in (0, *options.processes):
            for watchers in (0, 1):
                with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
                    at = Installation(stack, Path(folder), count, url)
                    found = asyncio.run(measure(at, options.streams, name, watchers))
                    baseline = baseline or found["servers"]
                    title = f"{count} processes" if count else "alone, in memory"
                    report(title + (", watched twice" if watchers else ""), found, baseline)
    finally:
        model.terminate()
        model.wait()


if __name__ == "__main__":
    main()
