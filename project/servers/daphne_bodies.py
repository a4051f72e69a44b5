"""Limits request bodies under daphne: from the announced length, and while they are read.

Twisted writes a whole body to memory or to the disk before the application is called, whatever its
size and whoever sends it. So the limits of `body_limit` are kept here, where a body begins; what
all bodies together may take is bounded, too. The application then gets a body from there, piece by
piece as it asks: daphne would put all pieces in line at once, in memory.
"""

import asyncio
import http
import io
from typing import Any, Final
from urllib.parse import urlsplit

from conversations.errors import NotAuthenticated, Problem, TooLarge, Unavailable
from project.servers.arrivals import arrivals
from project.servers.body_limit import ANONYMOUS, MOST_DROPPED, SIGN_IN, may_send, most, refusal
from streaming.small_queue import SmallQueue

# Bytes of all bodies that are being read, in this process.
MOST_HELD: Final = 256_000_000
# Bytes of a body that the application gets at a time.
PIECE: Final = 512 * 1024

_held = 0


def adapt() -> None:
    """Keep the limits in the classes that daphne makes its requests of."""
    from daphne.http_protocol import WebRequest
    from daphne.server import Server
    from twisted.web import http as twisted_http

    HTTPChannel: Any = twisted_http.HTTPChannel  # noqa: N806 - without types
    channel_data, channel_lost = HTTPChannel.dataReceived, HTTPChannel.connectionLost
    headers_received, all_received = HTTPChannel.allHeadersReceived, HTTPChannel.allContentReceived
    plain_continue = HTTPChannel._send100Continue
    plain_length, plain_chunk = WebRequest.gotLength, WebRequest.handleContentChunk
    plain_process, plain_lost = WebRequest.process, WebRequest.connectionLost
    plain_finish, plain_application = WebRequest.finish, Server.create_application

    def data_received(self: Any, data: bytes) -> None:
        if getattr(self, "arrival", None) is None and not self._handlingRequest:
            self.arrival = arrivals.begin(_host(self), self.transport.abortConnection)
        channel_data(self, data)

    def all_headers_received(self: Any) -> None:
        arrivals.head_read(self.arrival)
        headers_received(self)

    def all_content_received(self: Any) -> None:
        _end(self)
        all_received(self)

    def connection_lost(self: Any, reason: Any) -> None:
        _end(self)
        channel_lost(self, reason)

    def send_100_continue(self: Any) -> None:
        """Do not ask for a body that is refused."""
        if self.requests[-1].body.refused is None:
            plain_continue(self)

    def got_length(self: Any, length: int | None) -> None:
        self.body = IncomingBody(self, _path(self.channel._path))
        plain_length(self, length)
        self.body.expect(length)

    def handle_content_chunk(self: Any, data: bytes) -> None:
        if self.body.take(len(data)):
            plain_chunk(self, data)

    def process(self: Any) -> Any:
        if self.body.refused is not None:
            self.channel.loseConnection()
            return None
        self.body.whole = True
        # Daphne would read it all in pieces of 8 KiB, of which none is used: while another thread
        # computes, the loop stands in line again after each.
        self.body.content, self.content = self.content, io.BytesIO()
        try:
            return plain_process(self)
        finally:
            if hasattr(self, "content"):
                self.content = self.body.content
            else:  # it is answered already
                self.body.content.close()

    def request_lost(self: Any, reason: Any) -> None:
        if hasattr(self, "body"):
            self.body.release()
        plain_lost(self, reason)

    def finish(self: Any) -> None:
        self.body.release()
        if self.producer is not None:  # of the answer (`daphne_server`)
            self.unregisterProducer()
        plain_finish(self)

    def create_application(self: Any, request: Any, scope: dict[str, Any]) -> Any:
        """Let the application of a request read its body itself, and that of a socket a queue that
        takes little memory while nothing comes."""
        application, frames = self.application, SmallQueue[dict[str, Any]]()
        is_socket = scope["type"] == "websocket"

        def reading(scope: Any, receive: Any, send: Any) -> Any:
            take = frames.get if is_socket else Reader(request.body.content, receive).receive
            return application(scope, take, send)

        self.application = reading
        try:
            queue = plain_application(self, request, scope)
        finally:
            self.application = application
        return queue and (frames if is_socket else WithoutBody(queue))

    HTTPChannel.dataReceived = data_received
    HTTPChannel.allHeadersReceived = all_headers_received
    HTTPChannel.allContentReceived = all_content_received
    HTTPChannel.connectionLost = connection_lost
    HTTPChannel._send100Continue = send_100_continue
    WebRequest.gotLength, WebRequest.handleContentChunk = got_length, handle_content_chunk
    WebRequest.process, WebRequest.connectionLost = process, request_lost
    WebRequest.finish = finish
    Server.create_application = create_application


class WithoutBody:
    """The queue of daphne's messages for the application: the pieces of a body are left out, but
    for the last, which says that it is whole."""

    def __init__(self, queue: asyncio.Queue[dict[str, Any]]) -> None:
        self._queue = queue

    def put_nowait(self, message: dict[str, Any]) -> None:
        if not message.get("more_body"):
            self._queue.put_nowait(message)


class Reader:
    """Gives the application the body from where it is kept, once it is complete."""

    def __init__(self, content: Any, receive: Any) -> None:
        self._content, self._receive = content, receive
        self._reading = False

    async def receive(self) -> dict[str, Any]:
        if not self._reading:
            message: dict[str, Any] = await self._receive()
            if message["type"] != "http.request":
                return message
            if not self._content.closed:
                self._content.seek(0)
        if self._content.closed:  # the client is gone
            self._reading = False
            return {"type": "http.disconnect"}
        piece = self._content.read(PIECE)
        self._reading = len(piece) == PIECE
        if self._reading:  # Django reads all of it, and would let nobody else run
            await asyncio.sleep(0)
        return {"type": "http.request", "body": piece, "more_body": self._reading}


class IncomingBody:
    """The body of one request while it is read: how much of it there is, whether it is refused."""

    def __init__(self, request: Any, path: str) -> None:
        self._request, self._path = request, path
        self._read = self._held = 0
        self._known = False  # who sends it
        self.refused: Problem | None = None
        self.whole = False

    def expect(self, length: int | None) -> None:
        """Look at the announced length, `None` where there is none."""
        if length is None:
            return
        if length > most(self._path):
            self.refuse(TooLarge())
        elif length > ANONYMOUS:
            self._ask()

    def take(self, size: int) -> bool:
        """Count a piece; whether it is kept."""
        global _held
        self._read += size
        if self.refused is None:
            if self._read > most(self._path):
                self.refuse(TooLarge())
            elif _held + size > MOST_HELD:
                self.refuse(Unavailable())
            elif self._read > ANONYMOUS and not self._known:
                self._ask()
        if self.refused is None:
            self._held += size
            _held += size
            return True
        if self._read > MOST_DROPPED:
            self._request.channel.transport.abortConnection()
        return False

    def refuse(self, problem: Problem) -> None:
        """Answer at once; what still comes is dropped, since most clients read no answer before
        they have sent everything."""
        self.refused = problem
        self.release()
        self._request.content.close()
        self._request.content = io.BytesIO()
        status, headers, body = refusal(self._path, problem)
        lines = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}".encode()]
        lines += [name + b": " + value for name, value in headers]
        self._request.channel.transport.write(b"\r\n".join([*lines, b"", body]))

    def release(self) -> None:
        """Its room is free again. May be repeated."""
        global _held
        _held -= self._held
        self._held = 0

    def _ask(self) -> None:
        """Read on when it is known who sends it."""
        self._known = True
        producer = self._request.channel._networkProducer
        producer.pauseProducing()
        headers = [
            (name.lower(), value)
            for name, values in self._request.requestHeaders.getAllRawHeaders()
            for value in values
        ]

        async def ask() -> None:
            allowed = await may_send(self._path, headers)
            if not self.whole and self.refused is None and not allowed:
                self.refuse(NotAuthenticated(SIGN_IN))
            producer.resumeProducing()

        self._asking = asyncio.ensure_future(ask())


def _host(channel: Any) -> str:
    return str(getattr(channel.transport.getPeer(), "host", ""))


def _end(channel: Any) -> None:
    arrival, channel.arrival = getattr(channel, "arrival", None), None
    if arrival is not None:
        arrivals.end(arrival)


def _path(target: bytes) -> str:
    """The path of a request's target, which may be a whole address."""
    return urlsplit(target.decode("latin-1")).path
