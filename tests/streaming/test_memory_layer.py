"""The channel layer of a server that is alone."""

from streaming.memory_layer import MemoryLayer


async def test_a_page_that_reads_nothing_keeps_no_other_from_its_hints() -> None:
    """Its own are lost when there is no more room; what one gets is not what another gets."""
    layer = MemoryLayer(capacity=2)
    for channel in ("slow", "quick"):
        await layer.group_add("pages", channel)
    for number in range(4):
        await layer.group_send("pages", {"type": "hint", "number": number})
        heard = await layer.receive("quick")
        assert heard == {"type": "hint", "number": number}
        heard["number"] = "changed"
    await layer.group_send("nobody", {"type": "hint"})
    assert [(await layer.receive("slow"))["number"] for _ in range(2)] == [0, 1]
    assert "slow" not in layer.channels
