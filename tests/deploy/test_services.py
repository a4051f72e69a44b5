"""The tests' own PostgreSQL and Redis do what the tests ask of them."""

import os
import select
import signal
import subprocess
import sys

import psycopg
import pytest
import redis

from tests.harness import WAIT_S
from tests.harness.clerk import ROOT


def test_each_gets_a_redis_of_its_own(redis_server):
    """Two fresh databases are empty, and do not see each other."""
    first, second = redis_server.fresh(), redis_server.fresh()
    with redis.Redis.from_url(first) as one, redis.Redis.from_url(second) as two:
        one.set("key", "value")
        assert two.get("key") is None
        assert redis_server.drop_connections() >= 2
        assert one.get("key") == b"value"  # it came back by itself


def test_redis_wants_its_password(redis_server):
    with (
        redis.Redis(port=redis_server.port) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


@pytest.mark.parametrize("persistent", [True, False])
def test_a_redis_comes_back_with_what_it_kept(own_redis, persistent):
    """After a crash it is on the same port; only a persistent one still has its keys."""
    server = own_redis(persistent=persistent)
    server.start()
    with server.client() as client:
        client.set("key", "value")
    server.stop()
    assert not server.answers()
    server.start()
    with server.client() as client:
        assert client.get("key") == (b"value" if persistent else None)


def test_a_paused_redis_does_not_answer(own_redis):
    server = own_redis()
    server.start()
    server.pause()
    with (
        redis.Redis.from_url(server.url(), socket_timeout=0.1, retry=None) as client,
        pytest.raises(redis.TimeoutError),
    ):
        client.ping()
    server.resume()
    assert server.answers()


def test_each_gets_a_postgresql_database_of_its_own(postgresql):
    """A migrated one has our tables, an empty one has none; rows stay in their own."""
    first, second, empty = (
        postgresql.database(),
        postgresql.database(),
        postgresql.database(migrated=False),
    )
    with psycopg.connect(first) as connection:
        connection.execute("DELETE FROM django_migrations")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT count(*) FROM django_migrations").fetchone()[0]
    with psycopg.connect(empty) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT 1 FROM django_migrations")


_STARTS_AND_WAITS = """
import sys
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
started = [PostgreSQL(), RedisServer()]
for service in started:
    service.start()
    print(service.pid, flush=True)
sys.stdin.read()
"""


def test_services_end_with_a_killed_test_process():
    """kill -9 of whoever started them leaves none running."""
    process = subprocess.Popen(
        [sys.executable, "-c", _STARTS_AND_WAITS],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        pids = [int(process.stdout.readline()) for _ in range(2)]
        watches = [os.pidfd_open(pid) for pid in pids]
        process.send_signal(signal.SIGKILL)
    for watch in watches:
        ended, _, _ = select.select([watch], [], [], WAIT_S)
        os.close(watch)
        assert ended
