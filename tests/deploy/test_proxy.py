"""nginx as `compose.yaml` starts it: in folders as the engine makes them, in front of servers that
come and go, with many sockets, and with people who send much and slowly."""

import asyncio
import json
import re
import resource
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack

import httpx
import pytest

from project.doctor.proxy import Way
from tests.deploy.test_compose import SERVICES
from tests.harness import WAIT_S
from tests.harness.names import Names
from tests.harness.place import Place

# More than 1,024 connections carry, two for each.
SOCKETS = 1_100
# On loopback, with nobody behind it.
NOWHERE = "127.0.0.9"


async def health(url: str) -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as http:
        return (await http.get(f"{url}/healthz")).status_code


async def test_it_starts_as_its_user(daphne_place: Place, nginx):
    """Which is not root, while what the engine makes is root's: the folder in memory has the mode
    that compose says, and everything else is read-only."""
    proxy = SERVICES["proxy"]
    (folder,) = proxy["tmpfs"]
    front = nginx(
        [daphne_place.server.port],
        user=int(proxy["user"].partition(":")[0]),
        mode=int(re.search(r"mode=(\d+)", folder)[1], 8),
    )
    assert await health(front.url) == 200


async def test_a_server_that_moves_is_found(daphne_place: Place, nginx):
    """Under its name, at its new address, while nginx goes on; of several addresses one that
    answers is taken."""
    port = daphne_place.server.port
    with Names(NOWHERE) as names:
        front = nginx([], app=f"app:{port}", CHAT_RESOLVER=names.address)
        assert await health(front.url) == 502
        names.addresses = ["127.0.0.1"]
        async with asyncio.timeout(WAIT_S):
            while await health(front.url) != 200:
                await asyncio.sleep(0.1)
        names.addresses = [NOWHERE, "127.0.0.1"]
        # Longer than an answer of the name server is good for.
        ends = asyncio.get_running_loop().time() + 4
        while asyncio.get_running_loop().time() < ends:
            assert await health(front.url) == 200


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as we may have; programs that we start inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_many_sockets(daphne_place: Place, nginx, settings, many_files):
    """All of them are open at once, and somebody else still gets in."""
    server = daphne_place.server
    settings.SECRET_KEY = (server.directory / "secret_key").read_text()
    front = nginx([server.port])
    async with (
        httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as http,
        AsyncExitStack() as stack,
    ):
        way = Way(front.url, http)
        for _ in range(0, SOCKETS, 50):
            made = [stack.enter_async_context(way.socket(600)) for _ in range(50)]
            sockets = [await entered for entered in made]
            for socket in sockets:
                assert "origin_allowed" in json.loads(await socket.recv())
        assert await health(front.url) == 200
    assert "worker_connections" not in front.output


async def test_large_and_slow_uploads(daphne_place: Place, nginx):
    """Nothing of them is kept in the proxy's memory; one address has a few at a time, and nobody
    else is kept from anything."""
    front = nginx([daphne_place.server.port])
    person = await daphne_place.person()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n"
    begun = f"{head}Authorization: Bearer {person.key}\r\n\r\n".encode() + b"x" * 1_000_000
    async with AsyncExitStack() as stack:
        answers = []
        for _ in range(16):
            reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
            stack.callback(writer.close)
            writer.write(begun)
            await writer.drain()
            answers.append(asyncio.ensure_future(reader.readline()))
            stack.callback(answers[-1].cancel)
        async with asyncio.timeout(WAIT_S):
            for answer in answers[8:]:
                assert b" 429 " in await answer
        assert not any(answer.done() for answer in answers[:8])
        assert [path for path in front.temporary.rglob("*") if path.stat().st_size > 100_000] == []
        assert await health(front.url) == 200


async def test_addresses_behind_another_proxy(daphne_place: Place, nginx):
    """One that is trusted says who a client is; what others say of themselves is not believed."""
    headers = {"X-Forwarded-For": "203.0.113.7"}
    for trusted, address in (("127.0.0.0/8, 10.0.0.0/8", "203.0.113.7"), ("", "127.0.0.1")):
        front = nginx([daphne_place.server.port], CHAT_TRUSTED_PROXIES=trusted)
        async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as http:
            await http.get(f"{front.url}/healthz", headers=headers)
        front.stop(signal.SIGTERM)
        assert re.findall(r'^(\S+) \S+ "GET /healthz" 200', front.output, re.MULTILINE) == [address]


@pytest.mark.parametrize(
    ("given", "scheme"),
    [
        ({}, "http"),
        ({"PUBLIC_URL": "http://chat.example.org"}, "http"),
        ({"PUBLIC_URL": "https://chat.example.org"}, "https"),
        ({"HTTPS_ONLY": "on"}, "https"),
    ],
)
async def test_the_scheme_follows_from_the_settings(
    daphne_place: Place, nginx, settings, given, scheme
):
    """The proxy with TLS is in front of this one."""
    server = daphne_place.server
    settings.SECRET_KEY = (server.directory / "secret_key").read_text()
    front = nginx([server.port], **given)
    async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as http:
        answer = await http.get(Way(front.url, http).stream())
    assert json.loads(answer.text.removeprefix("data:"))["forwarded_scheme"] == scheme
