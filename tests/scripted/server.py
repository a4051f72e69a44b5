"""What the scripted servers share: HTTP on a real socket, a record of every request, and gates.

    async with ScriptedOllama() as server:
        ... point a provider at server.url ...
        exchange = await server.chat()           # the first chat request, once it has come
        server.gate("a").release(3)              # let three more tokens of `gate:id=a` out
        await exchange.wait_ended()              # "complete", "client_gone" or "cut"

For a test without a loop (a browser driven from a thread), `with in_thread(ScriptedOllama()):`.
A server in another process is told by HTTP: `POST /_test/release?gate=a&n=3` (`n=all` opens it)
and asked by `GET /_test/exchanges`.

Every exchange is one connection. A client that goes away is noticed at once, whatever the script
is waiting for, and ends the script.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from typing import Any, Self, TypeVar
from urllib.parse import parse_qs

from tests.scripted.record import WAIT_S, Exchange, Gate

Scripted = TypeVar("Scripted", bound="ScriptedServer")


class Cut(Exception):
    """Ends the connection in the middle of a response; `reset` with a RST instead of a FIN."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__()
        self.reset = reset


class Response:
    """How a script answers: one whole body, or a head and then pieces in chunked coding."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.streaming = False

    async def whole(
        self,
        status: int,
        body: bytes | str | dict[str, Any] | list[Any],
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        if isinstance(body, dict | list):
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = (
            f"HTTP/1.1 {status} Scripted\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(data)}\r\n{extra}Connection: close\r\n\r\n"
        )
        await self.raw(head.encode() + data)

    async def start(self, content_type: str) -> None:
        self.streaming = True
        await self.raw(
            f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n"
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
        )

    async def piece(self, data: bytes | str) -> None:
        if isinstance(data, str):
            data = data.encode()
        await self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    async def end(self) -> None:
        if self.streaming:
            await self.raw(b"0\r\n\r\n")

    async def raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


class ScriptedServer:
    """Base of the scripted servers: subclasses answer in `respond`."""

    chat_paths: tuple[str, ...] = ()

    def __init__(self) -> None:
        # JSON documents by path; where everything is redirected, and with which status.
        self.answers: dict[str, Any] = {}
        self.elsewhere, self.moved = "", 307
        self.exchanges: list[Exchange] = []
        self._gates: dict[str, Gate] = {}
        self._held: dict[str, asyncio.Event] = {}
        self._arrived = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def respond(self, exchange: Exchange, response: Response) -> None:
        raise NotImplementedError

    # What tests ask

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def chats(self) -> list[Exchange]:
        """The chat requests, in the order in which they came."""
        return [e for e in self.exchanges if e.path in self.chat_paths]

    async def chat(self, index: int = 0) -> Exchange:
        """The chat request number `index`, waiting until it has come."""
        async with asyncio.timeout(WAIT_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.chats) > index)
        return self.chats[index]

    def gate(self, name: str) -> Gate:
        if name not in self._gates:
            assert self._server is not None
            self._gates[name] = Gate(self._server.get_loop())
        return self._gates[name]

    def hold(self, path: str) -> asyncio.Event:
        """Answer nothing at `path` until the event is set."""
        return self._held.setdefault(path, asyncio.Event())

    # Running

    async def start(
        self, port: int = 0, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self._server = await asyncio.start_server(
            self._connected, host, port, backlog=1024, limit=1 << 24, ssl=tls
        )

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # One connection

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            exchange = await _read_request(reader)
            if exchange is not None:
                await self._answer(exchange, reader, writer)
            else:  # TLS, or nothing at all
                await Response(writer).whole(400, "bad request", "text/plain")
        except (asyncio.CancelledError, ConnectionError):
            pass  # the server stops, or the client left while asking
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _answer(
        self, exchange: Exchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if exchange.path.startswith("/_test/"):
            await self._control(exchange, Response(writer))
            return
        self.exchanges.append(exchange)
        script = asyncio.create_task(self._play(exchange, writer))
        gone = asyncio.create_task(_gone(reader))
        try:
            async with self._arrived:
                self._arrived.notify_all()
            await asyncio.wait({script, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not script.done():
                exchange.close("client_gone")
        finally:
            script.cancel()
            gone.cancel()
            results = await asyncio.gather(script, gone, return_exceptions=True)
        if isinstance(results[0], Exception):
            raise results[0]

    async def _play(self, exchange: Exchange, writer: asyncio.StreamWriter) -> None:
        response = Response(writer)
        try:
            if exchange.path in self._held:
                await self._held[exchange.path].wait()
            if self.elsewhere:
                location = {"Location": f"{self.elsewhere}{exchange.path}"}
                await response.whole(self.moved, b"", "text/plain", location)
            elif exchange.path in self.answers:
                await response.whole(200, json.dumps(self.answers[exchange.path]))
            else:
                await self.respond(exchange, response)
            await response.end()
        except Cut as cut:
            if cut.reset:  # closing a socket that lingers for 0 s sends a RST
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            exchange.close("cut")
        except ConnectionError:
            exchange.close("client_gone")
        else:
            exchange.close("complete")

    async def _control(self, exchange: Exchange, response: Response) -> None:
        query = exchange.query
        if exchange.path == "/_test/release":
            gate = self.gate(query["gate"])
            if query.get("n") == "all":
                gate.open()
            else:
                gate.release(int(query.get("n", 1)))
            await response.whole(200, {})
        else:
            keys = ("method", "path", "json", "sent", "ended")
            await response.whole(200, [{k: getattr(e, k) for k in keys} for e in self.exchanges])


async def _read_request(reader: asyncio.StreamReader) -> Exchange | None:
    start = await reader.read(1)
    if not start.isalpha():
        return None
    try:
        rest = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    head = (start + rest).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    path, _, query = target.partition("?")
    pairs = (line.split(":", 1) for line in head[1:] if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    pairs_of_query = {name: values[0] for name, values in parse_qs(query).items()}
    return Exchange(method, path, headers, json.loads(body) if body else None, pairs_of_query)


async def _gone(reader: asyncio.StreamReader) -> None:
    """Return when the client has closed its side. No client of ours half-closes."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(4096):
            pass


@contextlib.contextmanager
def in_thread(server: Scripted) -> Iterator[Scripted]:
    """Run it in a thread of its own, for tests that have no loop. Gates may be released from the
    test's thread, and the lists be read; nothing there may be awaited."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="scripted server", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(WAIT_S)
        yield server
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(WAIT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_S)
        loop.close()


def parse_scenario(model: str) -> tuple[str, dict[str, str]]:
    """`paced:n=50,gap=0.02` → `("paced", {"n": "50", "gap": "0.02"})`. A tag that is not made of
    settings (`:latest`, `:cloud`) is no part of it."""
    name, _, rest = model.partition(":")
    pairs = (pair.partition("=") for pair in rest.split(",") if "=" in pair)
    return name, {key: value for key, _, value in pairs}


def serve_forever(server: ScriptedServer, port: int) -> None:
    """For `python -m tests.scripted.…`: until interrupted."""

    async def main() -> None:
        await server.start(port)
        print(server.url, flush=True)
        await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
