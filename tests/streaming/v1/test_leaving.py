"""A client that goes away at any moment leaves nothing behind: no request to the model, no place,
no thread, no connection, no row but what it cost.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.harness import WAIT_S
from tests.harness.place import Person, Place
from tests.scripted.record import Exchange
from tests.streaming.v1.client import body, events, post, refused, streaming

SEEN_WITHIN_S = 0.1
TRIES = 10
STREAMS = 100
LEAVERS = 60


async def seen(place: Place, leave: Callable[[int], Awaitable[Exchange]]) -> int:
    """`leave` number n goes away; the model's server has to notice within 100 ms, sooner or later:
    a busy machine may be late a few times. Returns how many times it took."""
    for index in range(TRIES):
        exchange = await leave(index)
        left = time.monotonic()
        assert await exchange.wait_ended() == "client_gone"
        assert exchange.ended_at is not None
        if exchange.ended_at - left < SEEN_WITHIN_S:
            return index + 1
    raise AssertionError("the model's server was late to notice, every time")


async def usage(place: Place, person: Person, count: int) -> list[dict[str, Any]]:
    """The person's records of usage, when there are so many."""
    async with asyncio.timeout(WAIT_S):
        while len(found := await place.clerk("usage", user_id=person.id)) < count:
            await asyncio.sleep(0.01)
    return list(found)


@pytest.mark.parametrize("with_stream", [True, False])
async def test_leaving_before_the_first_token(place: Place, *, with_stream: bool) -> None:
    """When the server has sent nothing yet, not even headers."""
    person = await place.person()

    async def leave(index: int) -> Exchange:
        asking = asyncio.create_task(post(person, body("hang", stream=with_stream)))
        exchange = await place.ollama.chat(index)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return exchange

    for record in await usage(place, person, await seen(place, leave)):
        assert (record["status"], record["source"]) == ("stopped", "estimated")
        assert (record["completion_tokens"], record["door"]) == (0, "v1")
        assert record["prompt_tokens"] == len("Hello there") // 4


async def test_leaving_in_the_middle(place: Place) -> None:
    """What was said so far is counted."""
    person = await place.person()

    async def leave(index: int) -> Exchange:
        async with streaming(person, "stall:after=40") as opened:
            await opened.until("word39")
        return await place.ollama.chat(index)

    for record in await usage(place, person, await seen(place, leave)):
        assert record["status"] == "stopped"
        assert record["completion_tokens"] == len("".join(f"word{n} " for n in range(40))) // 4


async def test_leaving_in_the_middle_without_a_stream(place: Place) -> None:
    person = await place.person()

    async def leave(index: int) -> Exchange:
        asking = asyncio.create_task(post(person, body("endless:gap=0.001")))
        exchange = await place.ollama.chat(index)
        async with asyncio.timeout(WAIT_S):
            while exchange.sent < 5:
                await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return exchange

    await seen(place, leave)


async def test_leaving_while_waiting_for_embeddings(daphne_place: Place) -> None:
    person = await daphne_place.person()
    asked = {"model": "hang", "input": "Hello there"}
    asking = asyncio.create_task(post(person, asked, "/v1/embeddings"))
    async with asyncio.timeout(WAIT_S):
        while not [e for e in daphne_place.ollama.exchanges if e.path == "/api/embed"]:
            await asyncio.sleep(0)
    asking.cancel()
    exchange = daphne_place.ollama.exchanges[-1]
    assert await exchange.wait_ended() == "client_gone"
    (record,) = await usage(daphne_place, person, 1)
    assert record["status"] == "stopped"


@pytest.mark.parametrize("kind_of_leaving", ["reset", "half a request"])
async def test_leaving_rudely(place: Place, kind_of_leaving: str) -> None:
    """A reset, and a body that never comes; the server goes on as before."""
    person = await place.person()
    place.offer("hang")
    _, writer = await asyncio.open_connection("127.0.0.1", place.server.port)
    data = b'{"model":"hang","messages":[{"role":"user","content":"x"}]}'
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {place.server.address}\r\n"
        f"Authorization: Bearer {person.key}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    if kind_of_leaving == "reset":
        writer.write(head.encode() + data)
        exchange = await place.ollama.chat()
        writer.transport.abort()
        assert await exchange.wait_ended() == "client_gone"
    else:
        writer.write(head.encode() + data[:20])
        await writer.drain()
        writer.close()
    assert (await post(person, body())).status_code == 200


async def test_a_place_is_free_when_its_client_has_left(limited_place: Place) -> None:
    """Three at once, waiting in the line or being answered; the fourth is refused; and those that
    have left make room, whatever they were waiting for."""
    person = await limited_place.person()
    asking = [asyncio.create_task(post(person, body("hang"))) for _ in range(3)]
    await limited_place.ollama.chat(1)  # two are at the model
    async with asyncio.timeout(WAIT_S):  # and one is in the line
        while (
            'chat_line_waiting{provider="ollama"} 1.0'
            not in (await person.rest.get("/metrics")).text
        ):
            await asyncio.sleep(0.02)
    response = await post(person, body("hang"))
    error = refused(response, 429, "too_many_at_once")
    assert error["type"] == "rate_limit_error"
    assert int(response.headers["retry-after"]) > 0
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    records = await usage(limited_place, person, 3)
    assert {record["status"] for record in records} == {"stopped"}
    responses = await asyncio.gather(*(post(person, body()) for _ in range(3)))
    assert [response.status_code for response in responses] == [200] * 3


async def test_leaving_at_any_moment(place: Place) -> None:
    """Connecting, asking, waiting, reading: every two milliseconds of it. Afterwards nothing runs,
    and what had been begun is on record once."""
    person = await place.person()
    await place.clerk("allow", model="User", row_id=person.id, concurrent_requests=LEAVERS)
    leavers = []
    for number in range(LEAVERS):
        asked = body("paced:n=20,gap=0.002", stream=number % 2 == 0)
        leavers.append(asyncio.create_task(post(person, asked)))
        asyncio.get_running_loop().call_later(0.002 * (number // 2), leavers[-1].cancel)
    await asyncio.gather(*leavers, return_exceptions=True)
    # Every place becomes free again: with one that did not, one of these would be refused.
    async with asyncio.timeout(3 * WAIT_S):
        while True:
            asking = (post(person, body()) for _ in range(LEAVERS))
            if {response.status_code for response in await asyncio.gather(*asking)} == {200}:
                break
    for exchange in list(place.ollama.chats):
        await exchange.wait_ended()
    await usage(place, person, len(place.ollama.chats))


async def test_a_hundred_streams_hold_no_thread_and_no_connection(postgresql_place: Place) -> None:
    """All at once on PostgreSQL, each in the middle of its reply."""
    place = postgresql_place
    person = await place.person()
    gates = [place.ollama.gate(str(number)) for number in range(STREAMS)]
    for gate in gates:
        gate.release()
    assert (await post(person, body())).status_code == 200  # everything has been used once
    async with AsyncExitStack() as stack:
        before = threads(place)
        opened = await asyncio.gather(
            *(
                stack.enter_async_context(streaming(person, f"gate:id={number},n=2"))
                for number in range(STREAMS)
            )
        )
        for stream in opened:
            await stream.until("word0")
        assert threads(place) <= before + 8  # the database threads, at most
        assert await place.clerk("connections") < 20
        for gate in gates:
            gate.open()
        for frames in await asyncio.gather(*(stream.rest() for stream in opened)):
            assert "error" not in events(frames)[-1]
    assert len(await usage(place, person, STREAMS + 1)) == STREAMS + 1


def threads(place: Place) -> int:
    return len(list(Path(f"/proc/{place.server.pid}/task").iterdir()))
