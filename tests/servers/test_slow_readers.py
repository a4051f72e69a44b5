"""Who does not read an answer costs little: it is made no faster than it is read."""

import asyncio
import socket

from tests.conftest import Servers
from tests.harness import WAIT_S
from tests.harness.place import place_at
from tests.harness.server import Kind

# Bytes of the whole answer, and by how many the server may grow.
WHOLE, MOST = 60_000_000, 30_000_000


async def test_an_export_that_nobody_reads(servers: Servers, kind: Kind) -> None:
    """daphne would take all of it into memory."""
    async with place_at(servers(kind, "usual")) as place:
        person = await place.person()
        chat = await person.conversation()
        await place.clerk("fill", conversation_id=chat, turns=60, words=WHOLE // 120 // 5)
        before = place.server.memory()
        loop = asyncio.get_running_loop()
        with socket.socket() as reader:
            reader.setblocking(False)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            async with asyncio.timeout(WAIT_S):
                await loop.sock_connect(reader, ("127.0.0.1", place.server.port))
                head = (
                    f"GET /api/conversations/{chat}/export/?as=json HTTP/1.1\r\nHost: localhost\r\n"
                )
                head += f"Authorization: Bearer {person.key}\r\n\r\n"
                await loop.sock_sendall(reader, head.encode())
                assert (await loop.sock_recv(reader, 100)).startswith(b"HTTP/1.1 200")
                sizes = [before]
                while len(sizes) < 10 or max(sizes[-10:]) - min(sizes[-10:]) > 1_000_000:
                    await asyncio.sleep(0.1)
                    sizes.append(place.server.memory())
        assert sizes[-1] - before < MOST
