"""A reader that does not read: a raw socket that shakes hands and then lets everything lie."""

import asyncio
import base64
import os
import socket

from tests.harness import WAIT_S


class StalledSocket:
    """A WebSocket of which nobody reads a byte after the handshake.

    Its receive buffer is as small as the system allows, so that the server notices soon.
    """

    def __init__(self, port: int, path: str, key: str) -> None:
        self._port, self._path, self._key = port, path, key
        self._socket: socket.socket | None = None

    async def __aenter__(self) -> "StalledSocket":
        loop = asyncio.get_running_loop()
        raw = self._socket = socket.socket()
        raw.setblocking(False)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        async with asyncio.timeout(WAIT_S):
            await loop.sock_connect(raw, ("127.0.0.1", self._port))
            nonce = base64.b64encode(os.urandom(16)).decode()
            await loop.sock_sendall(
                raw,
                f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {nonce}\r\nAuthorization: Bearer {self._key}\r\n\r\n".encode(),
            )
            # Up to the first frame, `ready`: the socket is served.
            head = b""
            while b'"ready"' not in head:
                data = await loop.sock_recv(raw, 1024)
                assert data, head
                head += data
        assert head.startswith(b"HTTP/1.1 101"), head
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._socket is not None
        self._socket.close()
