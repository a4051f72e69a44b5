"""Connections to Redis that break, in either event loop."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from redis.asyncio import Connection
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import ResponseError

from streaming.cluster.redis_client import call, call_all, connect
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


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_several_commands_in_one_round_trip(
    redis_server: RedisServer, loop: Callable[[], asyncio.AbstractEventLoop]
):
    """The error of one is in its place. Whoever comes after a call that was cancelled, or that was
    not answered in time, or on a connection that was closed meanwhile, gets no answer of another's.
    """

    async def use() -> None:
        redis = connect(redis_server.fresh())
        many = [("SET", "a", number) for number in range(100)]
        try:
            said, wrong, got = await call_all(
                redis, [("SET", "a", "ä\r\n"), ("LPUSH", "a", 1), ("GET", "a")]
            )
            assert (said, got) == ("OK", "ä\r\n")
            assert isinstance(wrong, ResponseError)
            with pytest.raises(ResponseError):
                await call(redis, "LPUSH", "a", 1)

            cancelled = asyncio.create_task(call_all(redis, [*many, ("BLPOP", "none", 0)]))
            await asyncio.sleep(0.05)
            cancelled.cancel()
            await asyncio.wait({cancelled})
            assert await call_all(redis, [("GET", "a")]) == ["99"]

            with pytest.raises(TimeoutError):
                await call(redis, "BLPOP", "none", 0, patience=0.05)
            assert await call(redis, "GET", "a") == "99"

            connection = await redis.connection_pool.get_connection()
            connection._writer.transport.abort()
            await redis.connection_pool.release(connection)
            assert await call_all(redis, [("SET", "a", 7), ("GET", "a")]) == ["OK", "7"]
        finally:
            await redis.aclose()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(use())
