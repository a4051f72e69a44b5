"""The log in Redis, between a process that writes and one that reads (`harness/redis_machine.py`).

The machine is the one that the log in memory passes, with a Redis that loses its connections and
all it holds. Bugs are planted here too, and it has to find every one.
"""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest
from hypothesis.errors import Flaky

from streaming.cluster import redis_log
from streaming.cluster.copies import Copy
from streaming.cluster.mirror import Mirrored
from streaming.cluster.redis_log import Append, LogState, RedisLogs
from tests.harness.redis_machine import explore_redis
from tests.harness.redis_server import RedisServer


def test_a_log_in_redis_keeps_the_rules(redis_server: RedisServer):
    """Whatever is done in whatever order, every reader elsewhere is told everything once."""
    explore_redis(redis_server.fresh(), 40)


# --- Planted faults --------------------------------------------------------------------------

Plant = Callable[[pytest.MonkeyPatch], None]


def skips_a_piece(patch: pytest.MonkeyPatch) -> None:
    plain = Mirrored.next

    def next_(self: Mirrored, now: float) -> Append:
        found = plain(self, now)
        del found.pieces[3:4]
        return found

    patch.setattr(Mirrored, "next", next_)


def tells_the_end_too_soon(patch: pytest.MonkeyPatch) -> None:
    def take(self: Copy, entry: redis_log.StreamEntry) -> None:
        self.position = entry.id
        if entry.end:
            self.log.finish(entry.end)
        elif entry.piece and entry.number % 3:
            self.log.append(*entry.piece)

    patch.setattr(Copy, "take", take)


def takes_again_what_it_has(patch: pytest.MonkeyPatch) -> None:
    plain = Copy.take

    def take(self: Copy, entry: redis_log.StreamEntry) -> None:
        if entry.piece and entry.number <= self.log.seq:
            self.log.append(*entry.piece)
        plain(self, entry)
        self.position = f"{max(0, entry.number - 1)}-0"

    patch.setattr(Copy, "take", take)


def forgets_that_redis_forgot(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Mirrored, "begin_again", lambda self: None)


def lets_anybody_write(patch: pytest.MonkeyPatch) -> None:
    script = redis_log._APPEND.replace("return {'fenced', 0, 0}", "")
    patch.setattr(redis_log, "_APPEND", script)


def takes_from_the_living(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(redis_log, "_SEIZE", redis_log._SEIZE.replace("return 0", ""))


def keeps_a_stop_to_itself(patch: pytest.MonkeyPatch) -> None:
    async def stop(self: RedisLogs, reply_id: object) -> None:
        pass

    patch.setattr(RedisLogs, "stop", stop)


FAULTS = [
    skips_a_piece,
    tells_the_end_too_soon,
    takes_again_what_it_has,
    forgets_that_redis_forgot,
    lets_anybody_write,
    takes_from_the_living,
    keeps_a_stop_to_itself,
]


@pytest.mark.parametrize("plant", FAULTS)
def test_the_machine_finds_a_planted_fault(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, plant: Plant
):
    """Each of these bugs is found by the same machine that finds none in ours."""
    plant(monkeypatch)
    # Flaky: a fault that depends on timing shows itself once, and not when it is tried again.
    with pytest.raises((AssertionError, TimeoutError, Flaky, pytest.fail.Exception)):
        explore_redis(redis_server.fresh(), 60, patience=2)


# --- By itself ---------------------------------------------------------------------------------


async def test_what_is_sent_twice_is_kept_once(redis_server: RedisServer):
    """The answer to an append may be lost: the same again changes nothing, and a hole is told."""
    logs, reply = RedisLogs(redis_server.fresh(), uuid4()), uuid4()
    await logs.begin(reply)
    pieces = [("content", "a"), ("reasoning", "b"), ("content", "c")]
    for first, given, seq in ((1, pieces[:2], 2), (1, pieces, 3), (3, pieces[2:], 3), (9, [], 3)):
        [answer] = await logs.append([Append(reply, first, given)])
        assert (answer.state, answer.seq, answer.stop) == (LogState.OPEN, seq, False)
    assert [entry.piece for entry in await logs.read(reply)] == pieces
    await logs.stop(reply)
    [answer] = await logs.append([Append(reply, 4)])
    assert answer.stop
    await logs.aclose()


async def test_everything_expires(redis_server: RedisServer):
    """No key is left for ever; a log is kept for ten minutes, a lease for seconds."""
    logs, reply = RedisLogs(redis_server.fresh(), uuid4()), uuid4()
    await logs.begin(reply)
    await logs.append([Append(reply, 1, [("content", "a")])])
    await logs.stop(reply)
    await logs.wake()
    lives = {key: await logs._redis.ttl(key) for key in await logs._redis.keys("*")}
    assert len(lives) == 4
    for key, seconds in lives.items():
        assert 0 < seconds <= (redis_log.LEASE if key.endswith("lease") else redis_log.KEEP), key
    await logs.aclose()


async def test_a_lease_is_renewed_where_it_is_asked_for(redis_server: RedisServer):
    """Not with every token, but with the first, which makes the log; none is left without an
    end."""
    logs, reply = RedisLogs(redis_server.fresh(), uuid4()), uuid4()
    await logs.begin(reply)
    for number, renew, renewed in ((1, False, 1), (2, False, 0), (3, True, 1)):
        await logs._redis.delete(redis_log._lease_key(reply))
        await logs.append([Append(reply, number, [("content", "a")], renew=renew)])
        assert await logs._redis.exists(redis_log._lease_key(reply)) == renewed
        assert await logs._redis.ttl(redis_log.log_key(reply)) > 0
    await logs.aclose()


async def test_many_logs_go_in_one_round_trip(redis_server: RedisServer):
    """Appends to many logs are one pipeline, also when Redis has lost the script."""
    logs = RedisLogs(redis_server.fresh(), uuid4())
    replies = [uuid4() for _ in range(50)]
    await asyncio.gather(*(logs.begin(reply) for reply in replies))
    for number in (1, 2):
        answers = await logs.append([Append(r, number, [("content", "x")]) for r in replies])
        assert {(answer.state, answer.seq) for answer in answers} == {(LogState.OPEN, number)}
        await logs._redis.script_flush()
    await logs.aclose()
