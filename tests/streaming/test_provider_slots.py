"""The queue for a provider: fair, and no slot is ever lost."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.provider_slots import MemoryProviderSlots

USERS = [UUID(int=number) for number in range(4)]


async def settle() -> None:
    """Let every task run as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


class Request:
    """One request, told what to do from outside."""

    def __init__(
        self, slots: MemoryProviderSlots, user: int, served: Callable[["Request"], None]
    ) -> None:
        self.user = user
        self.positions: list[int] = []
        self._served = served
        self._end = asyncio.Event()
        self._fail = False
        self.has_slot = False
        self.task = asyncio.create_task(self._run(slots))

    async def _run(self, slots: MemoryProviderSlots) -> None:
        async with slots.slot("ollama", USERS[self.user], self.positions.append):
            self.has_slot = True
            self._served(self)
            try:
                await self._end.wait()
                if self._fail:
                    raise RuntimeError
            finally:
                self.has_slot = False

    def end(self, *, fail: bool) -> None:
        self._fail = fail
        self._end.set()


# What may happen: somebody asks; a request ends, fails or is cancelled (by its number); two
# things happen before any task has run.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, len(USERS) - 1)),
        st.tuples(st.sampled_from(["end", "fail", "cancel"]), st.integers(0, 30)),
        st.tuples(st.just("settle"), st.just(0)),
    ),
    max_size=60,
)


class World:
    """A queue under test, and what was seen of it."""

    def __init__(self, capacity: int) -> None:
        self.slots = MemoryProviderSlots({"": capacity})
        self.capacity = capacity
        self.requests: list[Request] = []
        # For each user who waits without having a slot: how often others were served since.
        self.passed: dict[int, Counter[int]] = {}

    def do(self, what: str, number: int) -> None:
        if what == "ask":
            busy = any(not r.task.done() for r in self.requests if r.user == number)
            if not busy:
                self.passed[number] = Counter()
            self.requests.append(Request(self.slots, number, self.served))
        elif what != "settle" and self.requests:
            request = self.requests[number % len(self.requests)]
            if what == "cancel":
                request.task.cancel()
            else:
                request.end(fail=what == "fail")

    def served(self, request: Request) -> None:
        self.passed.pop(request.user, None)
        for user, seen in self.passed.items():
            seen[request.user] += 1
            assert seen[request.user] <= 1, f"{request.user} twice before the first of {user}"

    def check(self) -> None:
        """When everything has settled: no slot is free while a request waits, none is lost."""
        alive = [request for request in self.requests if not request.task.done()]
        holding = [request for request in alive if request.has_slot]
        waiting = [request for request in alive if not request.has_slot]
        assert len(holding) == min(self.capacity, len(alive))
        assert sorted(r.positions[-1] for r in waiting) == list(range(1, len(waiting) + 1))
        queue = self.slots.queue("ollama")
        assert queue.held.total() == len(holding)
        assert sum(map(len, queue.waiting.values())) == len(waiting)
        assert set(queue.served) <= {USERS[request.user] for request in alive}


@settings(max_examples=300, deadline=None)
@given(capacity=st.integers(1, 3), steps=STEPS)
def test_the_queue_is_fair_and_loses_no_slot(capacity: int, steps: list[tuple[str, int]]):
    """Whatever ends, fails or is cancelled: nobody is served twice before somebody else's first,
    every free slot is granted, and in the end nothing is left."""

    async def run() -> None:
        world = World(capacity)
        for what, number in steps:
            world.do(what, number)
            if what == "settle":
                await settle()
                world.check()
        await settle()
        world.check()
        for request in world.requests:
            request.task.cancel()
        await asyncio.gather(*(r.task for r in world.requests), return_exceptions=True)
        world.check()
        assert world.slots.queue("ollama").served == {}

    asyncio.run(run())


async def ask_in_order(slots: MemoryProviderSlots, *users: int) -> tuple[list[Request], list[int]]:
    """Requests of these users, one after the other, and the list of who was served."""
    served: list[int] = []
    requests = []
    for user in users:
        requests.append(Request(slots, user, lambda request: served.append(request.user)))
        await asyncio.sleep(0)
    await settle()
    return requests, served


async def drain(requests: list[Request]) -> None:
    """End one request after the other, whichever has the slot."""
    while alive := [request for request in requests if not request.task.done()]:
        next(request for request in alive if request.has_slot).end(fail=False)
        await settle()


async def test_nobodys_tenth_goes_before_somebodys_first():
    """The order of the queue is by rounds."""
    requests, served = await ask_in_order(MemoryProviderSlots({"": 1}), *[0] * 10, 1, 2, 1)
    assert requests[10].positions[-1] == 1
    await drain(requests)
    assert served == [0, 1, 2, 0, 1, *[0] * 8]


async def test_a_first_request_passes_all_who_were_served_already():
    """Also when the queue has come to the round of their next, and whether they have slots or not;
    of them, who has fewer goes first."""
    requests, served = await ask_in_order(MemoryProviderSlots({"": 4}), 1, 1, 2, 2, 2, 1, 3)
    assert requests[6].positions[-1] == 1
    requests[0].end(fail=False)
    await settle()
    assert served == [1, 1, 2, 2, 3]
    assert requests[5].positions[-1] == 1
    await drain(requests)


async def test_positions_are_told_when_they_change():
    """Whoever waits hears of every step forward, and of being passed."""
    requests, _ = await ask_in_order(MemoryProviderSlots({"": 1}), 0, 0, 0, 1)
    assert [request.positions for request in requests] == [[], [1, 2], [2, 3], [1]]
    requests[3].task.cancel()
    await settle()
    assert [request.positions for request in requests[:3]] == [[], [1, 2, 1], [2, 3, 2]]
    await drain(requests)


async def test_a_cancelled_request_is_passed_over_at_once():
    """A slot that becomes free at the moment of a cancellation goes to the next request."""
    requests, served = await ask_in_order(MemoryProviderSlots({"": 1}), 0, 1, 2)
    requests[1].task.cancel()
    requests[0].task.cancel()
    await settle()
    assert served == [0, 2]
    await drain(requests)


@pytest.mark.parametrize(("provider", "count"), [("ollama", 2), ("openai", 3), ("echo", 5)])
async def test_each_provider_has_its_own_queue(provider: str, count: int):
    """A named provider has its own number of slots, the others the common one; 0 is no limit."""
    slots = MemoryProviderSlots({"": 0, "ollama": 2, "openai": 3})
    entered: list[Any] = []

    async def hold() -> None:
        async with slots.slot(provider, USERS[0], lambda position: None):
            entered.append(None)
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(hold()) for _ in range(5)]
    await settle()
    assert len(entered) == count
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_holder_is_told_how_many_of_its_model_are_ahead():
    """Those that got their slots before and still hold them; not who waits, nor other models."""
    slots = MemoryProviderSlots({"": 4})
    reported: list[list[int]] = []

    async def hold(model: str) -> None:
        mine: list[int] = []
        reported.append(mine)
        async with slots.slot("ollama", USERS[0], model=model, on_ahead=mine.append):
            await asyncio.Event().wait()

    tasks = []
    for model in ("a", "b", "a", "a", "a"):
        tasks.append(asyncio.create_task(hold(model)))
        await settle()
    assert reported == [[], [], [1], [2], []]
    tasks[2].cancel()
    await settle()
    assert reported == [[], [], [1], [2, 1], [2]]
    tasks[0].cancel()
    await settle()
    assert reported == [[], [], [1], [2, 1, 0], [2, 1]]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
