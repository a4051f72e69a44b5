"""The queue for a provider in Redis: several processes wait in it as in one."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streaming.cluster import redis_slots
from streaming.cluster.redis_slots import RedisProviderSlots
from streaming.provider_slots import MemoryProviderSlots, ProviderSlots
from tests.harness import WAIT_S
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
from tests.harness.several import no_failures, processes
from tests.harness.sockets import Socket

USERS = [UUID(int=number) for number in range(4)]
Redis = Callable[..., RedisServer]


@pytest.fixture(autouse=True)
def by_news_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here happens only because a process looks now and then."""
    monkeypatch.setattr(redis_slots, "POLL", 600.0)


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return when it holds."""
    async with asyncio.timeout(WAIT_S):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.002)


class Request:
    """One request. `state` is its position, 0 with a slot, -1 when it is over; `ahead` is how many
    requests to its model got their slots before."""

    def __init__(self, slots: ProviderSlots, user: int) -> None:
        self.position = -2
        self.ahead = 0
        self._end = asyncio.Event()
        self.task = asyncio.create_task(self._run(slots, USERS[user]))

    @property
    def state(self) -> int:
        return -1 if self.task.done() else self.position

    async def _run(self, slots: ProviderSlots, user_id: UUID) -> None:
        model = f"model:{user_id.int % 2}"
        async with slots.slot("ollama", user_id, self._moved, model, self._follow):
            self.position = 0
            await self._end.wait()

    def _moved(self, position: int) -> None:
        self.position = position

    def _follow(self, ahead: int) -> None:
        self.ahead = ahead

    def end(self) -> None:
        self._end.set()


@asynccontextmanager
async def made(url: str, count: int, capacity: int, life: float = 60) -> AsyncIterator[list]:
    """The slots of so many processes."""
    several = [RedisProviderSlots(url, {"": capacity}, life) for _ in range(count)]
    try:
        yield several
    finally:
        for slots in several:
            await slots.aclose()


async def left_over(slots: RedisProviderSlots) -> dict[str, object]:
    """What Redis has of the queue besides its counters."""
    redis, (requests, leases, rounds, _) = slots._redis, slots.queue("ollama").keys
    found = {
        "requests": await redis.hlen(requests),
        "leases": await redis.zcard(leases),
        "users": set(await redis.hkeys(rounds)) - {"round", "arrived", "granted"},
    }
    return {what: value for what, value in found.items() if value}


# --- The same queue -------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, len(USERS) - 1)),
        st.tuples(st.sampled_from(["end", "cancel"]), st.integers(0, 30)),
    ),
    max_size=40,
)


async def compare(url: str, capacity: int, steps: list[tuple[str, int]]) -> None:
    """Each step in one process's queue and in one that three processes share: every request has the
    same position in both, and nobody's second goes before somebody's first. In the end nothing is
    left."""
    one = MemoryProviderSlots({"": capacity})
    async with made(url, 3, capacity) as several:
        pairs: list[tuple[Request, Request]] = []
        users: list[int] = []
        new: set[int] = set()  # who has come, and has not had a slot since
        for what, number in steps:
            before = [a.state for a, _ in pairs]
            busy = {user for user, state in zip(users, before, strict=True) if state >= 0}
            if what == "ask":
                new |= {number} - busy
                users.append(number)
                shared = several[len(pairs) % 3]
                pairs.append((Request(one, number), Request(shared, number)))
            elif pairs:
                for request in pairs[number % len(pairs)]:
                    request.end() if what == "end" else request.task.cancel()
            for _ in range(10):
                await asyncio.sleep(0)
            await until(lambda: all(a.state == b.state for a, b in pairs))
            await until(lambda: all(a.ahead == b.ahead for a, b in pairs if a.state == 0))
            now = zip(users, [*before, -2], [a.state for a, _ in pairs], strict=False)
            served = {user for user, was, state in now if was != 0 and state == 0}
            waiting = {user for user, (a, _) in zip(users, pairs, strict=True) if a.state > 0}
            assert served <= new or not new & waiting, "a second before a first"
            new = (new & waiting) - served
        for pair in pairs:
            for request in pair:
                request.task.cancel()
        await asyncio.gather(*(r.task for pair in pairs for r in pair), return_exceptions=True)
        await until(lambda: nothing_left(several[0]))


async def nothing_left(slots: RedisProviderSlots) -> bool:
    return not await left_over(slots)


def test_three_processes_wait_as_in_one(redis_server: RedisServer):
    """In the order, with the positions and the rounds of the queue in memory."""

    @settings(max_examples=60, deadline=None, database=None)
    @given(capacity=st.integers(1, 3), steps=STEPS)
    @example(3, [("ask", 0), ("ask", 1), ("ask", 1), ("ask", 0), ("ask", 2), ("end", 1)])
    def explore(capacity: int, steps: list[tuple[str, int]]) -> None:
        asyncio.run(compare(redis_server.fresh(), capacity, steps))

    explore()


async def test_nobodys_tenth_goes_before_somebodys_first(redis_server: RedisServer):
    """However the processes are asked."""
    async with made(redis_server.fresh(), 2, 1) as (a, b):
        requests: list[Request] = []
        for slots, user in [*[(a, 0)] * 10, (b, 1), (b, 2), (b, 1)]:
            requests.append(Request(slots, user))
            await until(lambda: requests[-1].position >= 0)
        served = []
        while alive := [request for request in requests if request.state >= 0]:
            await until(lambda: any(request.state == 0 for request in alive))
            holder = next(request for request in alive if request.state == 0)
            served.append(requests.index(holder))
            holder.end()
            await holder.task
        assert served == [0, 10, 11, 1, 12, *range(2, 10)]


# --- Exact, and nothing lost ----------------------------------------------------------------------


async def test_never_more_slots_than_there_are(redis_server: RedisServer):
    """Four processes, two hundred requests at the same moment that end, fail or are cancelled
    whenever they like: three hold a slot at most, and in the end nothing is left."""
    chance, holding, most = random.Random(1), 0, 0

    async def ask(slots: RedisProviderSlots, user: int) -> None:
        nonlocal holding, most
        async with slots.slot("ollama", USERS[user], lambda position: None):
            holding += 1
            most = max(most, holding)
            try:
                await asyncio.sleep(chance.uniform(0, 0.01))
                if chance.random() < 0.2:
                    raise RuntimeError
            finally:
                holding -= 1

    async with made(redis_server.fresh(), 4, 3) as several:
        tasks = [asyncio.create_task(ask(several[n % 4], n % 3)) for n in range(200)]
        for task in chance.sample(tasks, 40):
            await asyncio.sleep(0.002)
            task.cancel()
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(*tasks, return_exceptions=True)
        assert most == 3
        await until(lambda: nothing_left(several[0]))


async def test_the_dead_hold_and_wait_for_nothing(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
):
    """What a process that is gone held and waited for is over when nobody has renewed it; a
    process that lives keeps what it has for longer than that."""
    monkeypatch.setattr(redis_slots, "POLL", 0.2)
    monkeypatch.setattr(redis_slots, "RENEW", 0.2)
    async with made(redis_server.fresh(), 2, 1, life=3.0) as (dead, alive):
        held, waited = Request(dead, 0), Request(dead, 1)
        await until(lambda: (held.state, waited.state) == (0, 1))
        heir = Request(alive, 2)
        await until(lambda: heir.state == 2)
        await dead.stop()
        await until(lambda: heir.state == 0)
        last = Request(alive, 3)
        await until(lambda: last.state == 1)
        lease = await alive._redis.zrange(alive.queue("ollama").keys[1], 0, -1, withscores=True)
        until_then = max(score for _, score in lease) + 3.0

        async def later() -> bool:
            seconds, _ = await alive._redis.time()
            return bool(seconds > until_then)

        await until(later)
        assert (heir.state, last.state) == (0, 1)
        for request in (held, waited, heir, last):
            request.task.cancel()
        await asyncio.gather(*(r.task for r in (held, waited, heir, last)), return_exceptions=True)


@pytest.mark.parametrize("persistent", [False, True])
async def test_redis_goes_away_and_comes_back(own_redis: Redis, persistent: bool):
    """Requests with a slot go on and the others keep waiting; also when it comes back empty,
    no slot is granted twice and none is lost."""
    redis = own_redis(persistent=persistent)
    redis.start()
    async with made(redis.fresh(), 2, 1) as (a, b):
        first, second = Request(a, 0), Request(b, 1)
        await until(lambda: {first.state, second.state} == {0, 1})
        if first.state:
            first, second = second, first
        redis.stop()
        third = Request(a, 2)
        fourth = Request(b, 3)
        fourth.task.cancel()
        await asyncio.gather(fourth.task, return_exceptions=True)
        redis.start()
        await until(lambda: {second.state, third.state} == {1, 2})
        assert first.state == 0
        first.end()
        await until(lambda: {second.state, third.state} == {0, 1})
        second.end()
        third.end()
        await asyncio.gather(second.task, third.task)
        await until(lambda: nothing_left(a))


# --- Real processes -------------------------------------------------------------------------------


async def test_one_queue_for_three_servers(
    postgresql: PostgreSQL, redis_server: RedisServer, tmp_path: Path
):
    """Two slots for all: the others get their positions, in whichever process they wait. When the
    process with both slots is killed, those that wait get them; it comes back to a queue
    that is whole."""

    def queued(socket: Socket, position: int) -> Callable[[], bool]:
        return lambda: any(
            (told["phase"], told.get("position")) == ("queued", position)
            for told in socket.heard("status")
        )

    shared = {"PROVIDER_MAX_CONCURRENCY": 2}
    async with processes(postgresql, redis_server, tmp_path, 3, **shared) as place:
        a, b, c = place.servers
        people = [await place.person() for _ in range(4)]
        async with AsyncExitStack() as stack:
            sockets = []
            for person, server in zip(people, (a, a, b, c), strict=True):
                chat = await person.conversation()
                socket = await stack.enter_async_context(person.socket(chat, port=server.port))
                sockets.append(socket)
                await socket.ask(model="gate:id=queue,n=2")
                await socket.next("message_start")
                if len(sockets) <= 2:
                    await place.ollama.chat(len(sockets) - 1)
                else:
                    position = len(sockets) - 2
                    await socket.until(queued(socket, position), WAIT_S, f"position {position}")
            assert len(place.ollama.chats) == 2
            await asyncio.to_thread(a.kill)
            async with asyncio.timeout(redis_slots.LIFE + WAIT_S):
                while len(place.ollama.chats) < 4:  # when what the dead held is over
                    await asyncio.sleep(0.05)
            await asyncio.to_thread(a.start)
            person = people[0]
            chat = await person.conversation()
            late = await stack.enter_async_context(person.socket(chat, port=a.port))
            await late.ask(model="normal")
            await late.until(queued(late, 1), WAIT_S, "position 1")
            assert len(place.ollama.chats) == 4
            place.ollama.gate("queue").open()
            for socket in (*sockets[2:], late):
                assert (await socket.next("message_end"))["status"] == "completed"
        no_failures(place)
