"""Hints between processes, over a real Redis."""

from streaming.cluster.hint_layer import HintLayer
from tests.harness.redis_server import RedisServer


async def test_what_was_told_before_the_subscription_is_looked_after(redis_server: RedisServer):
    """The first socket of a process does not wait for it, and must not miss what goes by."""
    url = redis_server.fresh()
    here, elsewhere = HintLayer(url, "chat"), HintLayer(url, "chat")
    channel = await here.new_channel()
    await here.group_add("conversation", channel)
    await elsewhere.group_send("conversation", {"type": "hint.turn"})
    told = await here.receive(channel)
    if told["type"] == "hint.turn":  # it was quick
        told = await here.receive(channel)
    assert told["type"] == "hint.missed"
    await elsewhere.group_send("conversation", {"type": "hint.turn"})
    assert (await here.receive(channel))["type"] == "hint.turn"
    await here._get_layer().listening.stop()
    for layer in (here, elsewhere):
        await layer.flush()
