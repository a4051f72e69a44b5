"""The queue and the event of which an idle socket has several."""

import asyncio

import pytest

from streaming.small_queue import SmallEvent, SmallQueue


async def test_items_come_in_their_order_and_none_is_lost_to_who_was_cancelled():
    queue: SmallQueue[int] = SmallQueue()
    leaving, staying = (asyncio.create_task(queue.get()) for _ in range(2))
    await asyncio.sleep(0)  # both wait
    queue.put_nowait(1)
    leaving.cancel()
    assert await staying == 1
    assert leaving.cancelled()
    queue.put_nowait(2)
    queue.put_nowait(3)
    assert [await queue.get(), queue.get_nowait()] == [2, 3]
    assert queue.empty()
    with pytest.raises(asyncio.QueueEmpty):
        queue.get_nowait()


async def test_it_is_full_with_the_most_it_takes():
    queue: SmallQueue[int] = SmallQueue(1)
    queue.put_nowait(1)
    with pytest.raises(asyncio.QueueFull):
        queue.put_nowait(2)
    assert await queue.get() == 1
    queue.put_nowait(2)


async def test_who_joins_waits_until_every_item_is_done_with():
    queue: SmallQueue[int] = SmallQueue()
    await queue.join()  # nothing to wait for
    for item in (1, 2):
        queue.put_nowait(item)
    joined = asyncio.create_task(queue.join())
    for _ in range(2):
        await queue.get()
        assert not joined.done()
        queue.task_done()
        await asyncio.sleep(0)
    await joined


async def test_everyone_who_waits_for_an_event_goes_on_when_it_is_set():
    event = SmallEvent()
    leaving, staying, other = (asyncio.create_task(event.wait()) for _ in range(3))
    await asyncio.sleep(0)  # all wait
    leaving.cancel()
    event.set()
    event.clear()  # before anyone has gone on
    assert await staying
    assert await other
    assert leaving.cancelled()
    assert not event.is_set()
    late = asyncio.create_task(event.wait())
    await asyncio.sleep(0)
    assert not late.done()
    event.set()
    assert await late
    assert await event.wait()
    assert event.is_set()
