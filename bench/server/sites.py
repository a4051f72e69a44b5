"""What is measured: the proxy, and servers of one or several checkouts. All stand in one run."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from bench.server.load import Requests, Socket
from bench.server.model import SCRIPTS
from tests.harness import WAIT_S
from tests.harness.clerk import ROOT
from tests.harness.ports import free_port
from tests.harness.postgresql import PostgreSQL
from tests.harness.server import ChatServer, Kind

Client = Requests | Socket
PROXY_PYTHON = ROOT / "bench" / ".venv" / "bin" / "python"
QUIETLY: dict[Kind, list[str]] = {
    "daphne": ["-v", "0"],
    "uvicorn": ["--loop", "uvloop", "--no-access-log", "--log-level", "warning"],
}


def cpu_seconds(pid: int) -> float:
    """The processor time of a process's threads, to the nanosecond."""
    total = 0
    for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # a thread that has ended meanwhile
            total += int(stat.read_text().split()[0])
    return total / 1e9


def resident(pid: int) -> float:
    """Resident memory in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def get(port: int, path: str) -> object:
    """What a path answers, read from its JSON."""
    return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=WAIT_S).json()


class Site:
    """One server under measurement; `doors` are the ways to ask it for a reply."""

    doors: tuple[str, ...] = ("v1",)

    def __init__(self, name: str) -> None:
        self.name = name
        self.start_s = 0.0
        self.start_cpu_s = 0.0
        self.start_mib = 0.0

    @property
    def pid(self) -> int:
        raise NotImplementedError

    def _started(self, at: float) -> None:
        """It has begun then, and is ready."""
        self.start_s, self.start_cpu_s = time.monotonic() - at, cpu_seconds(self.pid)
        self.start_mib = resident(self.pid)

    async def clients(self, door: str, count: int, stack: AsyncExitStack) -> list[Client]:
        """So many open clients, closed by the stack."""
        raise NotImplementedError


class Proxy(Site):
    """The baseline."""

    python, app = str(PROXY_PYTHON), "bench.server.proxy:app"

    def __init__(
        self, model_port: int, stack: ExitStack, name: str = "proxy", kind: Kind = "uvicorn"
    ) -> None:
        super().__init__(name)
        self._port = free_port()
        command = [self.python, "-m", kind, *QUIETLY[kind], "--port", str(self._port), self.app]
        environment = {**os.environ, "OPENAI_BASE_URL": f"http://127.0.0.1:{model_port}/v1"}
        started = time.monotonic()
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment)
        stack.callback(self._process.wait)
        stack.callback(self._process.kill)
        while True:
            try:
                get(self._port, "/openapi.json")
                break
            except httpx.TransportError:
                time.sleep(0.01)
        self._started(started)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def clients(self, door: str, count: int, stack: AsyncExitStack) -> list[Client]:
        clients: list[Client] = [Requests(self._port, {}) for _ in range(count)]
        for client in clients:
            await client.open()
            stack.callback(client.close)
        return clients


class Floor(Proxy):
    """The same of the server's parts, and with a socket."""

    doors = ("v1", "socket")
    python, app = sys.executable, "bench.server.floor:app"

    def chat(self) -> str:
        return "any"

    async def socket(self, chat: str, stack: AsyncExitStack) -> Socket:
        client = Socket(self._port, {}, chat)
        await client.open()
        stack.callback(client.close)
        return client

    async def clients(self, door: str, count: int, stack: AsyncExitStack) -> list[Client]:
        if door == "socket":
            return [await self.socket(self.chat(), stack) for _ in range(count)]
        return await super().clients(door, count, stack)


class Server(Site):
    doors = ("v1", "socket")

    def __init__(
        self,
        kind: Kind,
        label: str,
        checkout: Path,
        folder: Path,
        model_port: int,
        stack: ExitStack,
        postgresql: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(f"{kind}{label}")
        self.postgresql: PostgreSQL | None = None
        if postgresql:
            self.postgresql = PostgreSQL()
            self.postgresql.start()
            stack.callback(self.postgresql.close)
            settings["DATABASE_URL"] = self.postgresql.database(migrated=False)
        self._server = ChatServer(
            kind,
            folder / self.name.replace(" ", "-").replace("/", "-"),
            checkout=checkout,
            OPENAI_BASE_URL=f"http://127.0.0.1:{model_port}/v1",
            OPENAI_CHAT_MODEL="four",
            OPENAI_API_KEY="none",
            INFERENCE_SERVICE_URL="",
            CHAT_DEFAULT_PROVIDER="openai",
            CHAT_DEFAULT_MODEL="four",
            CHAT_ALLOWED_MODELS=",".join(SCRIPTS),
            CHAT_MAX_TOKENS=1024,
            CHAT_SOCKETS_PER_USER=10_000,
            CHAT_HEARTBEAT_SECONDS=10,
            **settings,
        )
        stack.callback(self._server.close)
        person = self._server.clerk("person", name="bench", staff=False)
        self._headers = {"Authorization": f"Bearer {person['key']}"}
        self._http = httpx.Client(
            base_url=self._server.url, headers=self._headers, trust_env=False, timeout=WAIT_S
        )
        stack.callback(self._http.close)
        started = time.monotonic()
        self._server.start()
        self._started(started)

    @property
    def pid(self) -> int:
        return self._server.pid

    def chat(self, turns: int = 0) -> str:
        """A new conversation, with so many turns in it."""
        # More than ten a second have to wait.
        while (answer := self._http.post("/api/conversations/", json={})).status_code == 429:
            time.sleep(float(answer.headers["Retry-After"]))
        chat: str = answer.json()["id"]
        if turns:
            self._server.clerk("fill", conversation_id=chat, turns=turns, words=3)
        return chat

    @contextmanager
    def logged_statements(self) -> Iterator[Callable[[], list[str]]]:
        """Have PostgreSQL log what it is asked; gives the first words of all of it so far."""
        assert self.postgresql is not None  # noqa: S101 - for mypy
        database = self.postgresql
        change = "ALTER DATABASE test_1 SET {} = '{}'"
        for name, value in (("log_min_messages", "log"), ("log_statement", "all")):
            database.execute(change.format(name, value))
        database.drop_connections()  # the next ones log
        try:
            yield lambda: re.findall(r"LOG:  (?:statement|execute [^:]*): (\w+)", database.output)
        finally:
            database.execute("ALTER DATABASE test_1 RESET ALL")
            database.drop_connections()

    async def upload(self, data: bytes, name: str) -> None:
        """Upload a file, other bytes under each name, and have it read."""
        async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as client:
            answer = await client.post(
                f"{self._server.url}/api/files/",
                headers=self._headers,
                files={"file": (name, data + name.encode())},
            )
            while answer.json()["status"] == "processing":
                await asyncio.sleep(0.1)
                path = f"{self._server.url}/api/files/{answer.json()['id']}/"
                answer = await client.get(path, headers=self._headers)
        if answer.json()["status"] != "ready":
            raise RuntimeError(answer.text)

    async def socket(self, chat: str, stack: AsyncExitStack) -> Socket:
        client = Socket(self._server.port, self._headers, chat)
        await client.open()
        stack.callback(client.close)
        return client

    async def clients(self, door: str, count: int, stack: AsyncExitStack) -> list[Client]:
        if door == "socket":
            # All chats first, of which ten are made in a second: pings wait for no answer so long.
            chats = [self.chat() for _ in range(count)]
            return [await self.socket(chat, stack) for chat in chats]
        clients: list[Client] = [Requests(self._server.port, self._headers) for _ in range(count)]
        for client in clients:
            await client.open()
            stack.callback(client.close)
        return clients


def start_model(stack: ExitStack) -> int:
    """The port of a scripted model."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.server.model", str(port)], cwd=ROOT)
    stack.callback(process.wait)
    stack.callback(process.kill)
    while True:
        try:
            get(port, "/v1/models")
            return port
        except httpx.TransportError:
            time.sleep(0.01)
