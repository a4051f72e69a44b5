"""Connections to Redis that break, in either event loop."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from redis.asyncio import Connection
from redis.exceptions import ConnectionError as LostConnection

from streaming.cluster.redis_client import connect
from tests.harness.redis_server import RedisServer


async def ping(connection: Connection) -> None:
    await connection.send_command("PING", check_health=False)
    await connection.read_response()


LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_a_connection_that_was_closed(
    redis_server: RedisServer, loop: Callable[[], asyncio.AbstractEventLoop]
):
    """One that was closed under us, as the loop does when it is reset, is made anew; within one
    command it is lost, and says so."""

    async def use() -> None:
        redis = connect(redis_server.fresh())
        pool = redis.connection_pool
        try:
            for _ in range(3):
                assert await redis.ping()
                connection = await pool.get_connection()
                connection._writer.transport.abort()
                await asyncio.sleep(0)
                with pytest.raises((LostConnection, OSError)):
                    await ping(connection)
                await pool.release(connection)
                assert await redis.set("a", "b")
        finally:
            await redis.aclose()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(use())
