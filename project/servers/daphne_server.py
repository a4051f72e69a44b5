"""Adds to daphne what it lacks, when it is the server that runs us.

daphne neither waits for a slow reader (everything is buffered, without bound), nor tells the
application of its start and its end, nor closes with the codes of the protocol itself, nor says why
it drops a frame that is too large, nor hands on a form that Twisted cannot read. All of it is
mended from the inside, so that it does not matter how daphne was started.
"""

import asyncio
import logging
import sys
from contextlib import suppress
from functools import partial, partialmethod
from typing import Any

from django.conf import settings

from project.servers import daphne_bodies
from project.servers.frames import Frames
from project.servers.text_frames import text_frame
from streaming import events
from streaming.events import CloseCode
from streaming.lifecycle import lifecycle
from streaming.single_server import SingleServerError
from streaming.small_queue import SmallEvent

logger = logging.getLogger(__name__)

# Bytes on their way to one socket above which whoever sends has to wait.
HIGH_WATER = 256 * 1024

# Connections that may wait to be accepted. Twisted's 50 are too few when a server comes back and
# all pages connect again at once: the system would reset the others.
BACKLOG = 1024

# Close codes of RFC 6455 and its registry that the application sends.
PROTOCOL_CODES = (1009, 1011, 1012)

# Frames of one socket that the application has not taken, above which no more are read.
MOST_WAITING_FRAMES = 8
# How long a client may take to answer a close, in seconds: what it sent before is read first.
# Autobahn would drop the connection after one, and the close with it, if anything is unread.
CLOSE_SECONDS = 5

# How long the end of the server waits for sockets to say goodbye, in seconds.
CLOSING_SECONDS = 2.0


class Valve:
    """Told by Twisted when a transport's buffer is full (pause) and empty again (resume);
    an `IPushProducer`."""

    def __init__(self) -> None:
        self._open = SmallEvent()
        self._open.set()

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        self._open.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._open.set()

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is gone: nobody has to wait any more."""
        self._open.set()

    async def wait(self) -> None:
        await self._open.wait()


def adapt() -> None:
    """Mend daphne, if it is what imported us."""
    if "daphne.server" not in sys.modules:
        return
    from daphne.http_protocol import WebRequest
    from daphne.server import Server
    from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
    from twisted.internet import defer, reactor

    run_on_uvloop(reactor)
    daphne_bodies.adapt()
    plain_run, plain_options = Server.run, WebSocketFactory.setProtocolOptions
    plain_data, plain_lost = WebSocketProtocol.dataReceived, WebSocketProtocol.connectionLost
    plain_reply, plain_kill = Server.handle_reply, Server.kill_all_applications

    async def handle_reply(self: Any, protocol: Any, message: dict[str, Any]) -> None:
        """Hand the message to Twisted, and return when there is room for another."""
        if message["type"] == "websocket.close" and message.get("code") in PROTOCOL_CODES:
            # Autobahn's own call takes only 1000 and 3000 to 4999.
            if protocol.state == protocol.STATE_OPEN:
                protocol.sendCloseFrame(code=message["code"])
            return
        if message["type"] == "websocket.send":
            # Else the application is about to hear of it.
            if protocol.state == protocol.STATE_OPEN:
                write_at_once(protocol.transport, text_frame(message["text"]))
                await protocol.valve.wait()
            return
        if message["type"] == "http.response.body":
            await write_body(self, protocol, message)
            return
        await plain_reply(self, protocol, message)
        if message["type"] == "websocket.accept":
            valve = protocol.valve = Valve()
            protocol.transport.bufferSize = HIGH_WATER
            protocol.transport.unregisterProducer()  # the HTTP channel's, before the upgrade
            protocol.transport.registerProducer(valve, True)
            # The handshake, which nobody reads again.
            protocol.http_headers.clear()
            protocol.http_request_data = b""

    async def write_body(self: Any, request: Any, message: dict[str, Any]) -> None:
        """Write a piece of an answer, and return when there is room for another."""
        if not message.get("more_body"):
            await plain_reply(self, request, message)
            return
        valve = getattr(request, "valve", None)
        if valve is None and request.channel is not None:
            valve = request.valve = Valve()
            request.registerProducer(valve, True)
        body = message["body"]
        if request.startedWriting and request.chunked and request.channel is not None and body:
            request.sentLength += len(body)
            write_at_once(request.channel.transport, b"%x\r\n%b\r\n" % (len(body), body))
        else:
            await plain_reply(self, request, message)
        if valve is not None:
            await valve.wait()

    def set_protocol_options(self: Any, **options: Any) -> None:
        """Set the options of all sockets once, in their class, where Autobahn looks first: it would
        copy thirty of them into each. Hold frames to the limit before they are read."""
        plain_options(self, **options)
        for name in WebSocketProtocol.CONFIG_ATTRS:
            value = getattr(self, name)
            setattr(WebSocketProtocol, name, staticmethod(value) if callable(value) else value)
        WebSocketProtocol.maxFramePayloadSize = settings.CHAT_MAX_FRAME
        WebSocketProtocol.maxMessagePayloadSize = settings.CHAT_MAX_FRAME
        WebSocketProtocol.closeHandshakeTimeout = CLOSE_SECONDS

    def data_received(self: Any, data: bytes) -> None:
        """Hand on a few frames at a time, and none while the application is behind: daphne would
        put any number in line."""
        if self.frames is not None:
            self.frames.came(data)
            return
        self.frames = Frames(
            partial(plain_data, self), partial(read, self), partial(is_behind, self)
        )
        plain_data(self, data)  # the request for the socket

    def read(self: Any, on: bool) -> None:
        if on:
            self.transport.resumeProducing()
        else:
            self.transport.pauseProducing()

    def is_behind(self: Any) -> bool:
        if self.state != self.STATE_OPEN:
            return False
        return bool(self.application_queue.qsize() >= MOST_WAITING_FRAMES)

    def connection_lost(self: Any, reason: Any) -> None:
        plain_lost(self, reason)
        if self.frames is not None:
            self.frames.end()

    def max_message_size_exceeded(self: Any, size: int, most: int, reason: str) -> None:
        """Say so and close. Autobahn would drop the connection, which tells the client nothing."""
        if self.state == self.STATE_OPEN:
            self.sendMessage(events.encode(events.FRAME_TOO_LARGE).encode())
        self.failByDrop = False
        self._fail_connection(int(CloseCode.TOO_LARGE), "")

    def kill_all_applications(self: Any) -> Any:
        """Let replies and sockets end before the applications are cancelled."""
        ended = defer.Deferred.fromFuture(asyncio.ensure_future(_end(self)))
        ended.addBoth(lambda _: plain_kill(self))
        return ended

    starting: list[asyncio.Future[None]] = []
    refused: list[SingleServerError] = []

    def start() -> None:
        """Start the application with the server, not with its first request."""

        async def or_stop() -> None:
            try:
                await lifecycle.start()
            except SingleServerError as error:
                logger.critical("%s", error)
                refused.append(error)
                reactor.stop()  # type: ignore[misc]

        starting.append(asyncio.ensure_future(or_stop()))

    def run(self: Any) -> None:
        """Serve until the end; a start that was refused ends with an exit status."""
        self.endpoints = [
            f"{endpoint}:backlog={BACKLOG}"
            if endpoint.startswith("tcp:") and "backlog=" not in endpoint
            else endpoint
            for endpoint in self.endpoints
        ]
        plain_run(self)
        if refused:
            raise SystemExit(1)

    reactor.callWhenRunning(start)
    Server.run = run
    Server.handle_reply = handle_reply
    Server.kill_all_applications = kill_all_applications
    WebSocketProtocol.frames = None
    WebSocketFactory.setProtocolOptions = set_protocol_options
    WebSocketProtocol.connectionLost = connection_lost
    WebSocketProtocol.dataReceived = data_received
    WebSocketProtocol._max_message_size_exceeded = max_message_size_exceeded
    # What Twisted reads out of forms nobody looks at, and a broken one it refuses without a word.
    WebRequest.__init__ = partialmethod(WebRequest.__init__, parsePOSTFormSubmission=False)


def run_on_uvloop(reactor: Any) -> None:
    """Put uvloop below Twisted, where it is installed: Twisted has a reactor by now, which has not
    run. It watches nothing yet but what wakes it."""
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return
    if reactor.running or isinstance(reactor._asyncioEventloop, uvloop.Loop):
        return
    plain = reactor._asyncioEventloop
    readers = reactor.getReaders()
    for reader in readers:
        reactor.removeReader(reader)
    reactor._asyncioEventloop = uvloop.new_event_loop()
    for reader in readers:
        reactor.addReader(reader)
    if plain._default_executor is not None:
        reactor._asyncioEventloop.set_default_executor(plain._default_executor)
    plain.close()


def write_at_once(transport: Any, data: bytes) -> None:
    """Write what the system takes now, and leave the rest to Twisted, which would write nothing
    before the next turn of the loop, and have the system watch the connection for that."""
    plain = not getattr(transport, "TLS", True) and not transport.disconnecting
    if plain and transport.connected and not (transport.dataBuffer or transport._tempDataBuffer):
        written = transport.writeSomeData(data)
        if isinstance(written, int):  # else the connection is lost, as Twisted will notice
            data = data[written:]
    if data:
        transport.write(data)


async def _end(server: Any) -> None:
    """End the application, then wait a moment for the sockets' closing handshakes: daphne would
    drop the connections with the close frames still unsent."""
    await lifecycle.shut_down()
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_SECONDS):
            while any(  # noqa: ASYNC110 - daphne has nothing to wait for
                hasattr(protocol, "valve") and "disconnected" not in details
                for protocol, details in server.connections.items()
            ):
                await asyncio.sleep(0.02)
