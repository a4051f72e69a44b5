"""Connections to Redis, and the errors that mean that it is away."""

import asyncio
import math
from collections.abc import Iterable
from typing import Any, Final

from hiredis import pack_command
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError, ResponseError

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


async def call_all(
    redis: "Redis", commands: Iterable[tuple[Any, ...]], patience: float | None = PATIENCE
) -> list[Any]:
    """Send commands in one round trip, and return their answers as Redis wrote them; the error of
    a command is in its place. When the connection is lost, or the answers are not all there after
    `patience` seconds (`None`: whenever they come), all of them are sent once more on a new one.

    What a pipeline of the library does for each command takes three times as long as this, and
    tokens come this way. Raises one of `AWAY`. Cancelled, it closes the connection.
    """
    packed = [pack_command(command) for command in commands]
    pool: Any = redis.connection_pool
    connection = await pool.get_connection()

    async def exchange() -> list[Any]:
        await connection.send_packed_command(packed)
        async with asyncio.timeout(patience):  # one timer, not one for each answer
            return [await _answer(connection) for _ in packed]

    async def lost(_: Exception) -> None:
        await connection.disconnect()

    try:
        answers: list[Any] = await connection.retry.call_with_retry(exchange, lost)
        return answers
    finally:
        await pool.release(connection)


async def call(redis: "Redis", *command: Any, patience: float | None = PATIENCE) -> Any:
    """`call_all` for one command, whose error is raised."""
    [answer] = await call_all(redis, [command], patience)
    if isinstance(answer, ResponseError):
        raise answer
    return answer


async def _answer(connection: Any) -> Any:
    try:
        return await connection.read_response(timeout=math.inf)
    except ResponseError as error:
        return error


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
