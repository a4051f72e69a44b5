"""Several server processes of one installation, on PostgreSQL and Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.harness.place import Place, place_at
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
from tests.harness.server import ChatServer


@asynccontextmanager
async def processes(
    postgresql: PostgreSQL, redis: RedisServer, path: Path, count: int = 3, **settings: Any
) -> AsyncIterator[Place]:
    """A place of so many processes, uvicorn and daphne in turn, on a database of their own."""
    shared = {
        "DATABASE_URL": postgresql.database(),
        "REDIS_URL": redis.fresh(),
        "SECRET_KEY": "shared by the processes of one installation",
        **settings,
    }
    servers = [ChatServer("uvicorn", path / "0", **shared)]
    try:
        for number in range(1, count):
            kind = "daphne" if number % 2 else "uvicorn"
            servers.append(ChatServer(kind, path / str(number), beside=servers[0]))
        ChatServer.start_all(servers)
        async with place_at(*servers) as place:
            yield place
    finally:
        for server in reversed(servers):
            server.close()


def no_failures(place: Place) -> None:
    """No process has logged anything that nobody expected."""
    for server in place.servers:
        assert "Traceback" not in server.log, server.log
        assert "failed" not in server.log, server.log
