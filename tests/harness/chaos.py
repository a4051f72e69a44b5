"""Mischief for the processes of an installation, while people talk with it."""

import asyncio
import random
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from tests.harness.place import Place
from tests.harness.redis_server import RedisServer
from tests.harness.roaming import Roamer
from tests.harness.server import ChatServer
from tests.scripted.ollama_scripts import words

WORDS = 24
MODEL = f"paced:n={WORDS},gap=0.03"


@dataclass
class Report:
    """What was done, and what became of it."""

    mischief: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    def lines(self) -> list[str]:
        def told(counter: Counter[str]) -> str:
            return ", ".join(f"{number} {what}" for what, number in sorted(counter.items()))

        return [
            f"done to it:  {told(self.mischief)}",
            f"by people:   {told(self.people)}",
            f"replies:     {self.replies.total()}: {told(self.replies)}; "
            f"{self.requests} requests to the model",
        ]


async def chaos(
    place: Place, redis: RedisServer, *, seed: int, generations: int, lanes: int
) -> Report:
    """So many replies in so many conversations, cut, stopped, and come back to, while processes
    are killed, paused and ended and connections to Redis are closed. Raises `AssertionError`
    when anything of the contract does not hold."""
    chance, report = random.Random(seed), Report()
    people = [await place.person() for _ in range(lanes)]
    roamers = [
        Roamer(place, person, await person.conversation(), random.Random(chance.random()))
        for person in people
    ]

    async def lane(roamer: Roamer) -> None:
        for number in range(generations // lanes):
            patience = roamer.chance.choice((0.1, 0.3, 3.0))
            await roamer.turn(f"Question {number}", MODEL, patience=patience, stop=0.1)

    over = asyncio.Event()
    mischief = asyncio.create_task(_mischief(place, redis, chance, report.mischief, over))
    try:
        async with asyncio.TaskGroup() as group:
            for roamer in roamers:
                group.create_task(lane(roamer))
    finally:
        over.set()
        await mischief
    for roamer in roamers:
        report.replies += await roamer.check("".join(words(WORDS)))
        report.people += roamer.count
    assert report.replies.total() == generations // lanes * lanes
    report.requests = len(place.ollama.chats)
    # A process may die between storing a reply and asking the model for it.
    assert report.requests <= report.replies.total(), "a reply was made twice"
    return report


async def _mischief(
    place: Place,
    redis: RedisServer,
    chance: random.Random,
    done: Counter[str],
    over: asyncio.Event,
) -> None:
    """One thing after the other, until it is over, each to a server that is well; two are left
    alone. At the end all are well."""
    well = list(place.servers)

    async def harm(server: ChatServer, what: str) -> None:
        await _harm(server, what, over)
        well.append(server)

    async with asyncio.TaskGroup() as group:
        while not over.is_set():
            await _sleep(chance.uniform(0.2, 1.0), over)
            what = chance.choice(("kill", "pause", "long pause", "end", "cut Redis"))
            if what == "cut Redis":
                await asyncio.to_thread(redis.drop_connections)
            elif len(well) > len(place.servers) - 2:
                server = chance.choice(well)
                well.remove(server)
                group.create_task(harm(server, what))
            else:
                continue
            done[what] += 1


async def _harm(server: ChatServer, what: str, over: asyncio.Event) -> None:
    match what:
        case "kill":
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        case "end":
            await asyncio.to_thread(server.terminate)
            await asyncio.to_thread(server.start)
        case _:
            server.send(signal.SIGSTOP)
            await _sleep(12.0 if what == "long pause" else 1.0, over)
            server.send(signal.SIGCONT)


async def _sleep(seconds: float, over: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), seconds)
