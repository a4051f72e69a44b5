"""How fast frames are read, and how often a snapshot is sent."""

import asyncio
import json
from uuid import UUID, uuid4

from streaming.log import MemoryLog
from streaming.socket.feed import Feed
from streaming.socket.pace import BURST, FLOOD_SECONDS, Reading
from streaming.socket.writer import SocketWriter


class Clock:
    """Shows the time that it is set to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def read(reading: Reading, clock: Clock, frames: int) -> float:
    """Read so many frames without delay; the seconds of pauses."""
    began = clock.seconds
    for _ in range(frames):
        clock.seconds += reading.count()
    return clock.seconds - began


def test_a_socket_has_a_burst_and_then_twenty_a_second():
    """The burst comes back with time."""
    clock = Clock()
    reading = Reading(uuid4(), clock)
    assert read(reading, clock, BURST) == 0
    assert 4.9 < read(reading, clock, 100) < 5.1
    clock.seconds += 10
    assert read(reading, clock, BURST) == 0


def test_a_person_has_sixty_a_second_over_all_sockets():
    """Ten sockets together are no faster than three; another person is not held up."""
    clock, user_id = Clock(), uuid4()
    sockets = [Reading(user_id, clock) for _ in range(10)]
    began = clock.seconds
    for _ in range(60):
        for socket in sockets:
            clock.seconds += socket.count()
    assert 7.5 < clock.seconds - began < 8.5  # (600 - 100) / 60
    assert Reading(uuid4(), clock).count() == 0


def test_who_does_not_slow_down_floods():
    """Above the rate for ten seconds, though the process is late now and then; a client that is
    calm for a while begins again."""
    clock = Clock()
    reading = Reading(uuid4(), clock)
    for _ in range(3):
        read(reading, clock, BURST + 50)
        assert not reading.floods
        clock.seconds += 2
    read(reading, clock, BURST + 100)
    clock.seconds += 0.5  # late
    read(reading, clock, int(20 * FLOOD_SECONDS))
    assert reading.floods


class OneReply:
    """Stands for the turns of a process that makes one reply."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log

    async def log_of(self, reply_id: UUID) -> MemoryLog:
        return self.log


async def test_many_follows_of_a_snapshot_that_is_being_sent_make_one():
    """One that is asked for afterwards is sent again."""
    reply_id, sent = uuid4(), asyncio.Queue[str]()
    taken = asyncio.Semaphore(0)

    async def send(message: dict[str, str]) -> None:
        sent.put_nowait(json.loads(message["text"])["type"])
        await taken.acquire()

    log = MemoryLog({"id": str(reply_id), "context": None})
    log.append("content", "text")
    running: list[asyncio.Task[None]] = []
    feed = Feed(
        OneReply(log),  # type: ignore[arg-type]
        SocketWriter(send),  # type: ignore[arg-type]
        lambda work: running.append(asyncio.create_task(work)),
    )
    feed.follow_once(reply_id)
    assert await sent.get() == "message_start"
    for _ in range(10):
        await feed.tell_again(reply_id)
    log.append("content", " and more")
    taken.release()
    assert await sent.get() == "delta"
    await feed.tell_again(reply_id)
    taken.release()
    assert await sent.get() == "message_start"
    for task in running:
        task.cancel()
    await asyncio.wait(running)
