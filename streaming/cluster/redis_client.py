"""Connections to Redis, and the errors that mean that it is away."""

from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError

from conversations.errors import Unavailable

# How long a command may take before Redis counts as away, in seconds.
PATIENCE: Final = 2.0
# Connections of one client. Commands that find them all in use wait for one so many seconds: longer
# than for an answer, or a burst of requests would count as an outage, and be refused.
MOST_CONNECTIONS: Final = 6
CONNECTION_PATIENCE: Final = 6.0

# The exceptions of a command when Redis is away.
AWAY: Final = (RedisError, OSError, TimeoutError)


class ServiceAway(Unavailable):
    """Something cannot be done without Redis."""

    message = "The server cannot reach Redis. Try again in a moment."
    retry_after = 2.0


def connect(url: str, *, blocking: bool = False) -> "Redis":
    """A client that repeats a failed command once, on a new connection. Answers are text.

    `blocking` is for commands that wait: with the library's own time limit they would fail every
    five seconds.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MOST_CONNECTIONS,
        timeout=CONNECTION_PATIENCE,
        decode_responses=True,
        socket_connect_timeout=PATIENCE,
        socket_timeout=None if blocking else PATIENCE,
        retry=Retry(NoBackoff(), 1),
        protocol=2,
    )
    mend(pool)
    return Redis.from_pool(pool)


def mend(pool: Any) -> None:
    """Let the connections of a pool raise `ConnectionError` when they were closed.

    Where asyncio raises that for a write to a closed connection, uvloop raises `RuntimeError`, upon
    which the library does not connect again: every later command would fail.
    """

    class MendedConnection(pool.connection_class):  # type: ignore[misc]
        async def send_packed_command(self, *args: Any, **options: Any) -> None:
            try:
                await super().send_packed_command(*args, **options)
            except RuntimeError as error:
                raise LostConnection("The connection was closed.") from error

    pool.connection_class = MendedConnection
