"""Requests that never become whole, bodies that nobody may send, frames that are too large."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from project.servers import arrivals as module
from project.servers.arrivals import BODY_SECONDS, GRACE, HEAD_SECONDS, PER_ADDRESS, Arrivals
from project.servers.body_limit import ANONYMOUS
from tests.conftest import Servers
from tests.harness import WAIT_S
from tests.harness.place import Place, place_at
from tests.harness.server import Kind


@pytest.fixture
async def one_place(servers: Servers, kind: Kind) -> AsyncIterator[Place]:
    """The usual server, on daphne and on uvicorn."""
    async with place_at(servers(kind, "usual")) as place:
        yield place


@asynccontextmanager
async def connection(
    place: Place, data: bytes
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which that much has been sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.server.port)
    try:
        writer.write(data)
        await writer.drain()
        yield reader, writer
    finally:
        writer.close()


class TestArrivals:
    """The clock alone, with a time that the test sets."""

    @pytest.fixture(autouse=True)
    async def given(self) -> None:
        self.now, self.aborted = 0.0, list[str]()
        self.arrivals = Arrivals(lambda: self.now)

    def begin(self, name: str, address: str = "here") -> module.Arrival:
        return self.arrivals.begin(address, lambda: self.aborted.append(name))

    def overdue(self) -> list[module.Arrival]:
        return self.arrivals.overdue()

    async def test_a_head_has_its_time(self) -> None:
        slow = self.begin("slow")
        self.now = HEAD_SECONDS + 0.1
        assert self.overdue() == [slow]

    async def test_a_body_has_a_time_of_its_own(self) -> None:
        slow = self.begin("slow")
        self.now = HEAD_SECONDS
        self.arrivals.head_read(slow)
        self.now += HEAD_SECONDS + 0.1
        assert self.overdue() == []
        self.now += BODY_SECONDS
        assert self.overdue() == [slow]

    async def test_what_is_whole_is_left_alone(self) -> None:
        self.arrivals.end(self.begin("whole"))
        self.now = 2 * BODY_SECONDS
        assert self.overdue() == []

    async def test_the_oldest_of_an_address_go_first(self) -> None:
        first = self.begin("first")
        self.now = 0.1
        for number in range(PER_ADDRESS):
            self.begin(f"{number}")
        self.begin("elsewhere", "there")
        assert self.overdue() == []
        self.now = GRACE + 1
        assert self.overdue() == [first]


async def test_half_sent_requests_leave_room_for_others(one_place: Place) -> None:
    """The oldest of too many from one address are closed, and the server answers."""
    async with AsyncExitStack() as stack:
        head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
        half = [
            await stack.enter_async_context(connection(one_place, head))
            for _ in range(PER_ADDRESS + 20)
        ]
        async with asyncio.timeout(WAIT_S):
            for reader, _ in half[:20]:
                with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                    await reader.readexactly(1)
        async with httpx.AsyncClient(base_url=one_place.server.url, timeout=WAIT_S) as client:
            assert (await client.get("/healthz")).status_code == 200
        # Those that were left alone can still become whole.
        reader, writer = half[-1]
        writer.write(b"no more\r\n\r\n")
        async with asyncio.timeout(WAIT_S):
            assert b" 200 " in await reader.readline()


async def test_descriptors_are_not_what_ends_first(one_place: Place) -> None:
    """The process may open as many files as the system allows it."""
    limits = Path(f"/proc/{one_place.server.pid}/limits").read_text()
    soft, most = next(line for line in limits.splitlines() if "open files" in line).split()[3:5]
    assert soft == most


def head(path: str, length: int, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/v1/chat/completions", 20_000_001, 413),
        ("/api/conversations/", 2_500_001, 413),
        ("/static/chat/manifest.json", 1, 413),
        ("/v1/chat/completions", ANONYMOUS + 1, 401),
        ("/signin/", ANONYMOUS + 1, 401),
        ("/nowhere", ANONYMOUS + 1, 401),
    ],
)
async def test_a_body_is_refused_from_its_head(
    one_place: Place, path: str, length: int, status: int
) -> None:
    """Before a byte of it has come."""
    async with connection(one_place, head(path, length)) as (reader, _):
        async with asyncio.timeout(WAIT_S):
            assert f" {status} ".encode() in await reader.readline()
            headers = await reader.readuntil(b"\r\n\r\n")
            size = int(headers.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            assert "error" in json.loads(await reader.readexactly(size))


async def test_a_stranger_is_stopped_at_a_body_without_a_length(one_place: Place) -> None:
    async with httpx.AsyncClient(base_url=one_place.server.url, timeout=WAIT_S) as client:

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b"x" * 20_000

        response = await client.post("/v1/chat/completions", content=pieces())
        assert response.status_code == 401
        assert response.json()["error"]["code"]
    # The sender of a key is let through.
    person = await one_place.person()
    response = await person.rest.http.post("/v1/chat/completions", content=pieces())
    assert response.status_code == 400


async def test_refused_bodies_leave_nothing_on_the_disk(one_place: Place) -> None:
    """In temporary files, which have no name any more."""
    descriptors = Path(f"/proc/{one_place.server.pid}/fd")

    def held() -> int:
        files = [link for link in descriptors.iterdir() if "(deleted)" in str(link.readlink())]
        return sum(link.stat().st_size for link in files)

    async with AsyncExitStack() as stack:
        for _ in range(5):
            sent = head("/v1/chat/completions", 20_000_000) + b"x" * 3_000_000
            reader, _ = await stack.enter_async_context(connection(one_place, sent))
            async with asyncio.timeout(WAIT_S):
                assert b" 401 " in await reader.readline()
        assert held() < 1_000_000


async def test_static_files_take_get_and_head_alone(one_place: Place) -> None:
    async with httpx.AsyncClient(base_url=one_place.server.url, timeout=WAIT_S) as client:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            response = await client.request(method, "/static/chat/manifest.json")
            assert response.status_code == 405
        for path in ("/static/chat/manifest.json", "/static/nowhere"):
            response = await client.get(path)
            assert response.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in response.headers["content-security-policy"]


async def test_a_frame_that_is_too_large_is_told(one_place: Place) -> None:
    """By the limit of the protocol, in bytes, before anything is parsed."""
    person = await one_place.person()
    chat = await person.conversation()
    url = f"ws://{one_place.server.address}/ws/chat/{chat}/"
    headers = {"Authorization": f"Bearer {person.key}"}
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        assert json.loads(await socket.recv())["type"] == "ready"
        await socket.send("é" * 500_001)
        async with asyncio.timeout(WAIT_S):
            assert json.loads(await socket.recv())["code"] == "too_large"
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_no_frame_is_inflated(one_place: Place) -> None:
    """A client that offers compression does without, so a few bytes are never many."""
    assert len(zlib.compress(b"x" * 16_000_000)) < 16_000  # what it would be about
    person = await one_place.person()
    chat = await person.conversation()
    url = f"ws://{one_place.server.address}/ws/chat/{chat}/"
    headers = {"Authorization": f"Bearer {person.key}"}
    async with connect(url, additional_headers=headers, compression="deflate") as socket:
        assert socket.protocol.extensions == []
        assert json.loads(await socket.recv())["type"] == "ready"
