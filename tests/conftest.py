"""Servers for all tests: started when the first test wants one, shared by a worker's tests."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.place import Place, place_at
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
from tests.harness.server import KINDS, ChatServer, Kind

# Some systems want no compiled files beside the sources, as containers do. Hundreds of servers are
# started here, and without such files each would compile all of its modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Servers that differ from the usual one, by what they are for.
VARIANTS: dict[str, dict[str, Any]] = {
    "usual": {"PUSH_PRIVATE_SERVICES": "on"},
    # Gives up on a silent model, beats often, and lets a user have few sockets. Its limits are no
    # whole seconds, as those are that a refusal tells to wait.
    "impatient": {
        "PROVIDER_FIRST_BYTE_TIMEOUT": 4.5,
        "PROVIDER_GAP_TIMEOUT": 4.5,
        "CHAT_HEARTBEAT_SECONDS": 0.2,
        "CHAT_SOCKETS_PER_USER": 3,
    },
    # Beats as often as a page needs that is to notice a dead socket soon.
    "lively": {"CHAT_HEARTBEAT_SECONDS": 1},
    # Holds people to limits, lets two requests at a time to the model, lets pages from elsewhere
    # use the API, and strangers ask for an account.
    "limited": {
        "SIGN_UP": "open",
        "CHAT_REQUESTS_PER_MINUTE": 20,
        "CHAT_CONCURRENT_REQUESTS": 3,
        "PROVIDER_MAX_CONCURRENCY": "ollama=2",
        "CORS_ALLOWED_ORIGINS": "https://app.example.com, http://localhost:3000",
    },
    # Lets replies be as long as a test likes.
    "long": {
        "CHAT_MAX_REPLY_MB": 32,
        "CHAT_MAX_TOKENS": 4_000_000,
        "CHAT_DEFAULT_MAX_TOKENS": 4_000_000,
    },
    # Asks the second provider when the first fails.
    "fallback": {"CHAT_FALLBACK_PROVIDERS": "openai"},
    # The OpenAI-compatible server is the first.
    "openai": {"CHAT_DEFAULT_PROVIDER": "openai"},
    # A new database of the tests' PostgreSQL.
    "postgresql": {"DATABASE_URL": "postgresql"},
}

Servers = Callable[[Kind, str], ChatServer]

# The most lines of each server's log that are shown with a failed test.
LINES_SHOWN = 40


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show with a failed test what its servers complained of."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            place = getattr(value, "place", value)
            for server in place.servers if isinstance(place, Place) else ():
                lines = [line for line in server.log.splitlines() if " INFO " not in line]
                report.sections.append((server.url, "\n".join(lines[-LINES_SHOWN:])))
    return report


@pytest.fixture(scope="session")
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    """`servers(kind, variant)` is a running server that others use too."""
    running: dict[tuple[Kind, str], ChatServer] = {}

    def get(kind: Kind, variant: str) -> ChatServer:
        if (kind, variant) not in running:
            directory = tmp_path_factory.mktemp(f"{kind}-{variant}")
            settings = dict(VARIANTS[variant])
            if settings.get("DATABASE_URL") == "postgresql":
                settings["DATABASE_URL"] = request.getfixturevalue("postgresql").database()
            server = running[kind, variant] = ChatServer(kind, directory, **settings)
            server.shared = True
            server.start()
        return running[kind, variant]

    yield get
    for server in running.values():
        server.close()


@pytest.fixture(scope="session", params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """The server program: the test runs on each."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def two_servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], list[ChatServer]]:
    """Two servers of one installation, on PostgreSQL and Redis, that others use too."""
    made: list[ChatServer] = []

    def get() -> list[ChatServer]:
        if not made:
            shared = {
                "DATABASE_URL": request.getfixturevalue("postgresql").database(),
                "REDIS_URL": request.getfixturevalue("redis_server").fresh(),
                "SECRET_KEY": "shared by the processes of one installation",
                "PUSH_PRIVATE_SERVICES": "on",
            }
            made.append(ChatServer("uvicorn", tmp_path_factory.mktemp("first"), **shared))
            request.addfinalizer(made[0].close)
            beside = tmp_path_factory.mktemp("second")
            made.append(ChatServer("daphne", beside, beside=made[0]))
            request.addfinalizer(made[1].close)
            for server in made:
                server.shared = True
            ChatServer.start_all(made)
        return made

    return get


@pytest.fixture(params=[*KINDS, "two"])
async def place(
    request: pytest.FixtureRequest, servers: Servers, two_servers: Callable[[], list[ChatServer]]
) -> AsyncIterator[Place]:
    """The usual server, on daphne and on uvicorn, and two of them on PostgreSQL and Redis."""
    used = two_servers() if request.param == "two" else [servers(request.param, "usual")]
    async with place_at(*used) as place:
        yield place


@pytest.fixture
async def daphne_place(servers: Servers) -> AsyncIterator[Place]:
    """The usual server on daphne alone, for what does not depend on the server program."""
    async with place_at(servers("daphne", "usual")) as place:
        yield place


@pytest.fixture
async def openai_place(servers: Servers) -> AsyncIterator[Place]:
    async with place_at(servers("uvicorn", "openai")) as place:
        yield place


@pytest.fixture
async def impatient_place(servers: Servers) -> AsyncIterator[Place]:
    async with place_at(servers("uvicorn", "impatient")) as place:
        yield place


@pytest.fixture
async def limited_place(servers: Servers, kind: Kind) -> AsyncIterator[Place]:
    async with place_at(servers(kind, "limited")) as place:
        yield place


@pytest.fixture
async def long_place(servers: Servers, kind: Kind) -> AsyncIterator[Place]:
    """A server whose models may write for long."""
    async with place_at(servers(kind, "long")) as place:
        yield place


@pytest.fixture
async def postgresql_place(servers: Servers, kind: Kind) -> AsyncIterator[Place]:
    async with place_at(servers(kind, "postgresql")) as place:
        yield place


@pytest.fixture
async def fallback_place(servers: Servers) -> AsyncIterator[Place]:
    async with place_at(servers("daphne", "fallback")) as place:
        yield place


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., ChatServer]]:
    """Makes a server for one test alone, to be killed or set up otherwise; not yet started."""
    made: list[ChatServer] = []

    def make(kind: Kind, **settings: Any) -> ChatServer:
        server = ChatServer(kind, tmp_path / f"server{len(made)}", **settings)
        made.append(server)
        return server

    yield make
    for server in made:
        server.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A running PostgreSQL that others use too: each takes a database of its own."""
    server = PostgreSQL()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A running Redis that others use too: each takes a fresh database."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def own_redis() -> Iterator[Callable[..., RedisServer]]:
    """Makes a Redis for one test alone, to be stopped, paused or killed; not yet started."""
    made: list[RedisServer] = []

    def make(*, persistent: bool = False) -> RedisServer:
        made.append(RedisServer(persistent=persistent))
        return made[-1]

    yield make
    for server in made:
        server.close()
