"""A TCP proxy in front of a server, for a network that fails."""

import asyncio
import contextlib
import socket
import struct
from typing import Self

from tests.harness.ports import free_port


class Proxy:
    """Passes bytes on, and fails when told.

    - `cut()` resets every connection now.
    - `cut_after(down=…, up=…)`: the next connection is reset when so many bytes have gone by.
    - `blocked`: new connections are reset at once.
    - `no_sockets`: connections that ask for a WebSocket are reset.
    - `hold_sockets`: they get no answer at all.
    - `swallow`: bytes from the server are taken and dropped.
    - `mute()`: what is open now stays open, and nothing passes any more, in neither direction.
    - `delay`: seconds that every piece is held back.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.port = free_port()
        self.blocked = False
        self.no_sockets = False
        self.hold_sockets = False
        self.swallow = False
        self.delay = 0.0
        self.connections = 0
        self._mute = 0  # the connections up to this number
        self._cuts = 0
        self._limits: tuple[int | None, int | None] = (None, None)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.delay = 0.0
        while self._tasks:  # one may be connecting still
            self.cut()
            await asyncio.wait(self._tasks, timeout=0.1)
        await self._server.wait_closed()

    def cut(self) -> None:
        self._cuts += 1
        for writer in list(self._writers):
            _reset(writer)

    def mute(self) -> None:
        self._mute = self.connections

    def cut_after(self, *, down: int | None = None, up: int | None = None) -> None:
        self._limits = (down, up)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        number = self.connections
        (down, up), self._limits = self._limits, (None, None)
        if self.blocked or down == 0 or up == 0:
            _reset(writer)
            self._tasks.discard(task)
            return
        writers, cuts = [writer], self._cuts
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            writers.append(far_writer)
            if self._cuts != cuts:
                return
            self._writers |= set(writers)
            ways = [
                asyncio.create_task(self._pass(number, reader, far_writer, up, dropped=False)),
                asyncio.create_task(self._pass(number, far_reader, writer, down, dropped=True)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            self._writers -= set(writers)
            for one in writers:
                _reset(one)
            self._tasks.discard(task)

    async def _pass(
        self,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limit: int | None,
        *,
        dropped: bool,
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if self.no_sockets and data.startswith(b"GET /ws/"):
                    return
                if number <= self._mute:
                    continue
                if self.hold_sockets and data.startswith(b"GET /ws/"):
                    continue
                if self.delay:
                    await asyncio.sleep(self.delay)
                if limit is not None:
                    data, limit = data[:limit], limit - len(data)
                if not (dropped and self.swallow):
                    writer.write(data)
                    await writer.drain()
                if limit is not None and limit <= 0:
                    return


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close it as a network does that breaks: with a RST."""
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
