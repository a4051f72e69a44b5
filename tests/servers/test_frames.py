"""The frames of a socket are read a few at a time."""

import asyncio
import random

import pytest
from websockets.frames import Frame, Opcode

from project.servers.frames import AT_ONCE, Frames
from tests.harness import WAIT_S
from tests.harness.place import Place
from tests.harness.rest import ok

PING = Frame(Opcode.PING, b"").serialize(mask=True)
INVALID = Frame(Opcode.TEXT, b"{").serialize(mask=True)
# So many that they take most of a minute; all of them fit into one read.
FLOOD = 20_000


async def test_many_small_frames_hold_up_nobody(place: Place):
    """Others are answered before they are read."""
    person = await place.person()
    async with person.socket(await person.conversation()) as socket:
        await socket.next("ready")
        socket.connection.transport.write(PING * FLOOD + INVALID)
        for _ in range(3):
            ok(await person.rest.get("/healthz"))
        assert not socket.heard("error")
        socket.abort()


async def test_none_is_lost(place: Place):
    """What is behind many small ones is read, and a frame of the largest size after it."""
    person = await place.person()
    async with person.socket(await person.conversation()) as socket:
        await socket.next("ready")
        large = Frame(Opcode.TEXT, b" " * 999_990 + b'{"type":1}').serialize(mask=True)
        socket.connection.transport.write(PING * 10 * AT_ONCE + INVALID + large)
        assert (await socket.next("error"))["code"] == "invalid_frame"
        assert (await socket.next("error"))["code"] == "unknown_type"


async def test_a_close_is_heard_before_what_was_sent_is_read(place: Place):
    """A client that sent more than is read hears why its socket was closed."""
    person = await place.person()
    async with person.socket(await person.conversation(), close_timeout=WAIT_S) as socket:
        await socket.next("ready")
        socket.connection.transport.write(INVALID * 10 + PING * 500)
        assert await socket.closed() == 4400


async def test_a_frame_that_is_not_utf_8_closes_its_socket(place: Place):
    """daphne says no more of it; nothing of it is in the log."""
    person = await place.person()
    async with person.socket(await person.conversation()) as socket:
        await socket.next("ready")
        socket.connection.transport.write(Frame(Opcode.TEXT, b"\xff").serialize(mask=True))
        assert await socket.closed() in (1006, 1007)
    assert "Traceback" not in place.server.log


@pytest.mark.parametrize("seed", range(5))
async def test_frames_are_cut_where_they_end(seed: int):
    """However they came; at most a few at once, and none while the application is behind."""
    rng = random.Random(seed)
    sizes = [rng.choice((0, 1, 125, 126, 3000, 65_535, 65_536)) for _ in range(60)]
    frames = [Frame(Opcode.BINARY, bytes(size)).serialize(mask=bool(size % 2)) for size in sizes]
    ends = {sum(map(len, frames[:count])) for count in range(len(frames) + 1)}
    sent = b"".join(frames)
    handed: list[bytes] = []
    reads: list[bool] = []
    behind = True
    line = Frames(handed.append, reads.append, lambda: behind)
    start = 0
    while start < len(sent):
        size = rng.choice((1, 2, 5, 70_000))
        line.came(sent[start : start + size])
        start += size
    assert not handed
    assert not reads[-1]
    behind = False
    async with asyncio.timeout(WAIT_S):
        while not reads[-1]:
            await asyncio.sleep(0.01)
    assert b"".join(handed) == sent
    told = 0
    for few in handed:
        assert sum(told < end <= told + len(few) for end in ends) <= AT_ONCE
        told += len(few)
        assert told in ends
