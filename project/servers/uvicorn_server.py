"""Adds to uvicorn what it lacks, when it is the server that runs us.

Told to end, uvicorn closes all sockets at once, waits for the requests that run, as long as it
takes, and tells the application only then: those who follow a reply would not hear its end, a long
reply over HTTP would hold up the end, and nothing would end the reply. It waits for ever for a
request that is sent in part, and its limit of a frame is 16 MB once it is inflated. All of it is
mended from the inside, so that it does not matter how uvicorn was started.
"""

import asyncio
import logging
import math
import sys
from typing import Any, Final

from django.conf import settings
from websockets.frames import Frame, Opcode

from project.servers.arrivals import Arrival, arrivals
from project.servers.frames import Frames
from project.servers.text_frames import text_frame
from streaming import events
from streaming.events import CloseCode
from streaming.lifecycle import lifecycle
from streaming.small_queue import SmallEvent, SmallQueue

# Seconds beyond the patience with replies after which requests that still run are cancelled: their
# readers do not read. `--timeout-graceful-shutdown` says otherwise.
GOODBYE_SECONDS: Final = 10


def adapt() -> None:
    """Mend uvicorn, if it is what imported us."""
    if "uvicorn.server" not in sys.modules:
        return
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
    from uvicorn.server import Server

    for name in ("uvicorn.access", "uvicorn.error"):  # the second tells of sockets
        logging.getLogger(name).addFilter(_without_queries)
        logging.getLogger(name).addFilter(_without_traceback)
    plain_startup, plain_shutdown = Server.startup, Server.shutdown

    async def startup(self: Any, sockets: Any = None) -> None:
        """Bound what a connection may cost, then listen."""
        config = self.config
        if isinstance(config.loaded_app, ProxyHeadersMiddleware):
            # It takes the word of every program on this machine for where a request comes from.
            config.loaded_app = config.loaded_app.app
        config.http_protocol_class = _watched(config.http_protocol_class)
        config.ws_max_size = settings.CHAT_MAX_FRAME
        # A few bytes could be inflated to a frame of the largest size.
        config.ws_per_message_deflate = False
        if isinstance(config.ws_protocol_class, type):
            config.ws_protocol_class = _explaining(config.ws_protocol_class)
        await plain_startup(self, sockets)

    async def shutdown(self: Any, sockets: Any = None) -> None:
        """Let replies end, and those who follow them hear of it, while uvicorn waits for
        requests."""
        if self.config.timeout_graceful_shutdown is None:
            seconds = math.ceil(settings.CHAT_DRAIN_SECONDS) + GOODBYE_SECONDS
            self.config.timeout_graceful_shutdown = seconds
        ending = asyncio.create_task(_end(_held_open(self)))
        await plain_shutdown(self, sockets)
        await ending

    Server.startup = startup  # type: ignore[method-assign]
    Server.shutdown = shutdown  # type: ignore[method-assign]


def _watched(protocol: Any) -> Any:
    """The protocol of HTTP connections, with an eye on requests that are not whole."""

    class Watched(protocol):  # type: ignore[misc]
        _arrival: Arrival | None = None

        def data_received(self, data: bytes) -> None:
            before = self.cycle
            if self._arrival is None and (before is None or not before.more_body):
                self._arrival = arrivals.begin(self.client[0] if self.client else "", self._give_up)
            super().data_received(data)
            cycle = self.cycle
            if self.transport.get_protocol() is not self:
                self._whole()  # a WebSocket by now
            elif cycle is None or (cycle is before and cycle.response_complete):
                pass  # the head goes on
            elif not cycle.more_body:
                self._whole()
            elif cycle is not before and self._arrival is not None:
                arrivals.head_read(self._arrival)

        def connection_lost(self, exc: Exception | None) -> None:
            self._whole()
            super().connection_lost(exc)

        def _whole(self) -> None:
            if self._arrival is not None:
                arrivals.end(self._arrival)
                self._arrival = None

        def _give_up(self) -> None:
            self.transport.abort()

    return Watched


def _explaining(protocol: Any) -> Any:
    """The protocol of WebSockets, which says why it closes when a frame is too large, reads a few
    frames at a time, and takes little memory while nothing comes."""

    class Explaining(protocol):  # type: ignore[misc]
        _frames: Frames | None = None

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            if isinstance(getattr(self, "queue", None), asyncio.Queue):
                self.queue: SmallQueue[Any] = SmallQueue()
            if isinstance(getattr(self, "writable", None), asyncio.Event):
                self.writable = SmallEvent()
                self.writable.set()

        def data_received(self, data: bytes) -> None:
            if self._frames is not None:
                self._frames.came(data)
                return
            self._frames = Frames(super().data_received, self._read, lambda: self._is_behind)
            super().data_received(data)  # the request for the socket

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self._frames is not None:
                self._frames.end()

        @property
        def _is_behind(self) -> bool:
            """Whether uvicorn itself reads nothing until the application has taken a frame."""
            return bool(getattr(self, "read_paused", False))

        def _read(self, on: bool) -> None:
            if not on:
                self.transport.pause_reading()
            elif not self._is_behind and not self.transport.is_closing():
                self.transport.resume_reading()

        def handle_connect(self, event: Any) -> None:
            super().handle_connect(event)
            event.headers.clear()  # the scope has them, and the reader of the socket keeps these

        async def send(self, message: Any) -> None:
            """Write a text to an open socket by a shorter way: a token is one."""
            text = message.get("text")
            if text is not None and self._is_open:
                await self.writable.wait()
                if self._is_open:
                    self.transport.write(text_frame(text))
                    return
            await super().send(message)

        @property
        def _is_open(self) -> bool:
            return bool(
                getattr(self, "handshake_complete", False)
                and not (self.close_sent or self.disconnected or self.transport.is_closing())
            )

        def handle_parser_exception(self) -> None:
            sent = self.conn.close_sent
            if sent is not None and sent.code == CloseCode.TOO_LARGE:
                frame = Frame(Opcode.TEXT, events.encode(events.FRAME_TOO_LARGE).encode())
                self.transport.write(frame.serialize(mask=False))
            super().handle_parser_exception()

    return Explaining


def _without_queries(record: logging.LogRecord) -> bool:
    """Leave out of the log what stands after an address: it may be a key that somebody wrongly put
    there."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            one.partition("?")[0] if isinstance(one, str) and one.startswith("/") else one
            for one in record.args
        )
    return True


def _without_traceback(record: logging.LogRecord) -> bool:
    """Say in one line that a frame is not UTF-8: the fault is its sender's."""
    if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
        record.exc_info = None
    return True


def _held_open(server: Any) -> list[Any]:
    """The open sockets, which uvicorn will not close before `_end` does. Where there are other
    processes, their clients are better off there at once."""
    kind = server.config.ws_protocol_class
    if settings.REDIS_URL or not isinstance(kind, type):
        return []
    connections: list[Any] = [
        one for one in server.server_state.connections if isinstance(one, kind)
    ]
    for one in connections:
        one.shutdown = _do_nothing
    return connections


def _do_nothing() -> None:
    pass


async def _end(sockets: list[Any]) -> None:
    """End the application, which says goodbye to its sockets; then close what is left of them."""
    try:
        await lifecycle.shut_down()
    finally:
        for one in sockets:
            del one.shutdown  # its own again
            if not one.transport.is_closing():
                one.shutdown()
