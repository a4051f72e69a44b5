"""Hints between processes, over a real Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from streaming.cluster import hint_layer
from streaming.cluster.hint_layer import HintLayer
from tests.harness import WAIT_S
from tests.harness.redis_server import RedisServer

Layers = tuple[HintLayer, HintLayer]


@pytest.fixture
async def layers(redis_server: RedisServer) -> AsyncIterator[Layers]:
    """Those of two processes."""
    url = redis_server.fresh()
    here, elsewhere = HintLayer(url, "chat"), HintLayer(url, "chat")
    yield here, elsewhere
    for layer in (here, elsewhere):
        await layer.close()


async def heard(layer: HintLayer, channel: str) -> str:
    async with asyncio.timeout(WAIT_S):
        kind: str = (await layer.receive(channel))["type"]
    return kind


async def test_what_was_told_before_the_subscription_is_looked_after(layers: Layers):
    """The first socket of a process does not wait for it, and must not miss what goes by."""
    here, elsewhere = layers
    channel = await here.new_channel()
    await here.group_add("conversation", channel)
    await elsewhere.group_send("conversation", {"type": "hint.turn"})
    kind = await heard(here, channel)
    if kind == "hint.turn":  # it was quick
        kind = await heard(here, channel)
    assert kind == "hint.missed"
    await elsewhere.group_send("conversation", {"type": "hint.turn"})
    assert await heard(here, channel) == "hint.turn"


async def test_what_was_told_during_an_outage_is_looked_after(
    layers: Layers, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
):
    """Every socket is told when the subscription stands again; hints of other groups are not."""
    monkeypatch.setattr(hint_layer, "RETRY", 0.01)
    here, elsewhere = layers
    channels = [await here.new_channel() for _ in range(2)]
    for channel, group in zip(channels, ("one", "other"), strict=True):
        await here.group_add(group, channel)
    assert [await heard(here, channel) for channel in channels] == ["hint.missed"] * 2
    await here._redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    assert [await heard(here, channel) for channel in channels] == ["hint.missed"] * 2
    await elsewhere.group_send("other", {"type": "hint.turn"})
    await elsewhere.group_send("one", {"type": "hint.queue"})
    assert [await heard(here, channel) for channel in channels] == ["hint.queue", "hint.turn"]


async def test_a_socket_that_does_not_fetch_its_hints_keeps_a_few(layers: Layers):
    """The others of its group get theirs; when it leaves, nothing of it stays."""
    here, elsewhere = layers
    stuck, reading = [await here.new_channel() for _ in range(2)]
    for channel in (stuck, reading):
        await here.group_add("conversation", channel)
    assert await heard(here, reading) == "hint.missed"
    for number in range(300):
        await elsewhere.group_send("conversation", {"type": "hint.turn", "reply_id": str(number)})
        assert await heard(here, reading) == "hint.turn"
    assert here.channels[stuck].qsize() == here.capacity
    await here.group_discard("conversation", stuck)
    assert stuck not in here.channels
