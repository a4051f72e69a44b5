"""A Redis of the tests' own.

    redis = RedisServer()
    redis.start()
    environment = {"REDIS_URL": redis.fresh()}      a database that nothing else uses

It takes a password, so that nobody else on the machine gets in. With `persistent` it keeps what it
holds over `stop` and `start`; without, it comes back empty.
"""

import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.harness.ports import free_port
from tests.harness.services import Service, program

DATABASES = 1_000
_CONFIGURATION = """
bind 127.0.0.1
port {port}
requirepass {password}
databases {databases}
dir {directory}
save ""
appendonly {append_only}
appendfsync always
"""


class RedisServer(Service):
    """One `redis-server`."""

    name = "redis"

    def __init__(self, *, persistent: bool = False) -> None:
        super().__init__()
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self._persistent = persistent
        self._numbers = itertools.cycle(range(1, DATABASES))
        (self.directory / "redis.conf").write_text(
            _CONFIGURATION.format(
                port=self.port,
                password=self.password,
                databases=DATABASES,
                directory=self.directory,
                append_only="yes" if persistent else "no",
            )
        )

    def command(self) -> list[str]:
        return [program("redis-server"), str(self.directory / "redis.conf")]

    def url(self, number: int = 0, *, port: int | None = None) -> str:
        """The address of a database; by way of another port, when there is a proxy on it."""
        return f"redis://:{self.password}@127.0.0.1:{port or self.port}/{number}"

    def fresh(self, *, port: int | None = None) -> str:
        """The address of an empty database that nobody else was given."""
        number = next(self._numbers)
        with self.client(number) as client:
            client.flushdb()
        return self.url(number, port=port)

    @contextmanager
    def client(self, number: int = 0) -> Iterator["redis.Redis"]:
        """A blocking client, for looking and for mischief."""
        client = redis.Redis.from_url(self.url(number), socket_timeout=30)
        try:
            yield client
        finally:
            client.close()

    def answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.BusyLoadingError):
                return False

    def drop_connections(self) -> int:
        """Close every connection to it, subscribers and blocked readers too; how many it were."""
        with self.client() as client:
            return sum(
                int(client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"))
                for kind in ("normal", "pubsub")
            )

    def connections(self) -> int:
        """How many connections there are to it, without the one that asks."""
        with self.client() as client:
            return len(client.client_list()) - 1
