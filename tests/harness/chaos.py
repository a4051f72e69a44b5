"""Mischief for the processes of an installation, while people talk with it."""

import asyncio
import random
import signal
from collections import Counter
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

    mischief = asyncio.create_task(_mischief(place, redis, chance, report.mischief))
    try:
        async with asyncio.TaskGroup() as group:
            for roamer in roamers:
                group.create_task(lane(roamer))
    finally:
        mischief.cancel()
        await asyncio.wait([mischief])
    for server in place.servers:
        if not server.running:
            await asyncio.to_thread(server.start)
    for roamer in roamers:
        report.replies += await roamer.check("".join(words(WORDS)))
        report.people += roamer.count
    assert report.replies.total() == generations // lanes * lanes
    report.requests = len(place.ollama.chats)
    # A process may die between storing a reply and asking the model for it.
    assert report.requests <= report.replies.total(), "a reply was made twice"
    return report


async def _mischief(
    place: Place, redis: RedisServer, chance: random.Random, done: Counter[str]
) -> None:
    """One thing after the other, until cancelled; whatever was paused goes on."""
    while True:
        await asyncio.sleep(chance.uniform(0.2, 1.0))
        server = chance.choice(place.servers)
        what = chance.choice(("kill", "pause", "long pause", "end", "cut Redis", "cut Redis"))
        done[what] += 1
        match what:
            case "cut Redis":
                await asyncio.to_thread(redis.drop_connections)
            case "kill":
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
            case "end":
                await asyncio.to_thread(server.terminate)
                await asyncio.to_thread(server.start)
            case _:
                await _pause(server, 12.0 if what == "long pause" else 1.0)


async def _pause(server: ChatServer, seconds: float) -> None:
    server.send(signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        server.send(signal.SIGCONT)
