"""What is kept of tool servers from one call to the next: HTTP connections, and what a server has
told of its protocol. Imported with the SDK alone.

Each is kept for one address and one set of headers, so nobody is served over what another's
credentials have opened. Only so many are kept, and each ends some time after its last use.
"""

import asyncio
import hashlib
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Final, Self
from weakref import WeakKeyDictionary

import httpx2
from django.conf import settings
from mcp_types import DiscoverResult

from streaming.tools.bounded_http import ToolServerTransport

# Bytes of one answer; seconds for a connection, and for an answer: the limit of the call comes
# before.
MOST_BYTES: Final = 8 * 2**20
CONNECT_S: Final = 5.0
READ_S: Final = settings.CHAT_TOOL_SECONDS + 30.0
# Servers that are kept, each with its connections; seconds without a call; seconds for which a
# server's word about its protocol counts.
MOST: Final = 64
MOST_CONNECTIONS: Final = 8
IDLE_S: Final = 60.0
FRESH_S: Final = 300.0
# An unused connection is closed before the server closes it: uvicorn does so after five seconds.
KEPT_S: Final = 3.0


class KeptTransport(ToolServerTransport):
    """Connections that stay open when a client that used them is closed."""

    def __init__(self) -> None:
        limits = httpx2.Limits(max_keepalive_connections=MOST_CONNECTIONS, keepalive_expiry=KEPT_S)
        super().__init__(MOST_BYTES, verify=_tls(), limits=limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        pass

    async def aclose(self) -> None:
        pass

    async def end(self) -> None:
        """Close the connections."""
        await super().aclose()


class KeptServer:
    """A server, asked with certain headers. `discovered` is what it told of its protocol; `mode`
    is the SDK's word for how to talk to it."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = {"Accept-Encoding": "identity", **headers}
        self._transport = KeptTransport()
        self.calls = 0
        self.discovered: DiscoverResult | None = None
        self.mode = "auto"
        self._known_at = 0.0

    def client(self) -> httpx2.AsyncClient:
        """A client for one call: cookies that the server sets in it are of no other call."""
        return httpx2.AsyncClient(
            headers=self._headers,
            timeout=httpx2.Timeout(READ_S, connect=CONNECT_S),
            transport=self._transport,
        )

    async def end(self) -> None:
        """Close the connections."""
        await self._transport.end()

    def learn(self, version: str, discovered: DiscoverResult | None) -> None:
        """Keep what a connection has found, so that the next need not ask."""
        if self.mode == "auto":
            self.discovered = discovered
            self.mode = "legacy" if discovered is None else version
            self._known_at = asyncio.get_running_loop().time()

    def forget(self) -> None:
        """Ask the server anew."""
        self.mode, self.discovered = "auto", None

    def refresh(self) -> None:
        """Forget what was told too long ago."""
        if self.mode != "auto" and asyncio.get_running_loop().time() - self._known_at > FRESH_S:
            self.forget()


class KeptServers:
    """Those of one event loop."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, KeptServer] = OrderedDict()
        self._timers: dict[bytes, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def use(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[KeptServer]:
        """The server at an address, asked with these headers."""
        key = hashlib.sha256(repr((url, sorted(headers.items()))).encode()).digest()
        server = self._kept.get(key)
        if server is None:
            server = self._kept[key] = KeptServer(headers)
        self._kept.move_to_end(key)
        if timer := self._timers.pop(key, None):
            timer.cancel()
        server.refresh()
        server.calls += 1
        try:
            yield server
        finally:
            server.calls -= 1
            if self._kept.get(key) is server and not server.calls:
                loop = asyncio.get_running_loop()
                self._timers[key] = loop.call_later(IDLE_S, self._end, key)
            self._bound()

    def _bound(self) -> None:
        """End those that were unused for the longest time, if there are too many."""
        idle = [key for key, server in self._kept.items() if not server.calls]
        for key in idle[: max(0, len(self._kept) - MOST)]:
            self._end(key)

    def _end(self, key: bytes) -> None:
        if timer := self._timers.pop(key, None):
            timer.cancel()
        closing = asyncio.get_running_loop().create_task(self._kept.pop(key).end())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """End all."""
        for key in list(self._kept):
            self._end(key)
        await asyncio.gather(*self._closing, return_exceptions=True)


@cache
def _tls() -> ssl.SSLContext:
    """The certificates that are trusted, read once: that takes longer than a call."""
    return httpx2.create_ssl_context()


# A loop's connections can be used in no other.
_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, KeptServers] = WeakKeyDictionary()


def kept_servers() -> KeptServers:
    """The servers of the event loop that runs."""
    return _of_loops.setdefault(asyncio.get_running_loop(), KeptServers())
