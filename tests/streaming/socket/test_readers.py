"""Points 8 and 9 of what holds: slow and stuck readers, and how many bytes a reply costs."""

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from tests.harness import WAIT_S
from tests.harness.fold import assert_follows_the_rules
from tests.harness.place import Person, Place
from tests.scripted.ollama_scripts import words

MIB = 1024 * 1024
LONG = "bulk:n=320,kb=64"  # 20 MiB in 320 pieces
STUCK = 32


async def long_reply(person: Person, *, stuck: int) -> None:
    """A reply of 20 MiB in a new conversation, with one reader and `stuck` that do not read."""
    chat = await person.conversation()
    async with AsyncExitStack() as stack:
        for _ in range(stuck):
            await stack.enter_async_context(person.stalled(chat))
        socket = await stack.enter_async_context(person.socket(chat))
        await socket.ask(model=LONG)
        end = await socket.next("message_end", within=2 * WAIT_S)
        assert len(end["full_content"]) == 20 * MIB
        assert_follows_the_rules(socket.events)


async def test_point_8_stuck_readers_cost_bounded_memory(long_place: Place):
    """With 32 readers that never read, a reply of 20 MiB takes little more memory than without
    (which varies by some copies of it: by 300 MiB once, on a machine with much else to do): a
    queue for each would hold 640 MiB."""
    person = await long_place.person()
    # Some without, so that what the process keeps for itself is there already.
    for _ in range(3):
        await long_reply(person, stuck=0)
    before = long_place.server.memory()
    await long_reply(person, stuck=STUCK)
    grown = long_place.server.memory() - before
    assert grown < STUCK * 20 * MIB * 2 / 3, f"{grown / MIB:.0f} MiB more"


async def test_point_8_a_stuck_reader_slows_nobody(long_place: Place):
    """While one reader is stuck, others in the conversation and elsewhere get what is said."""
    person = await long_place.person()
    chat, other_chat = await person.conversation(), await person.conversation()
    gate = long_place.ollama.gate("eight")
    async with (
        person.stalled(chat),
        person.socket(chat) as socket,
        person.socket(other_chat) as other,
    ):
        await socket.reply(model="bulk:n=160,kb=64")
        await socket.ask(model="gate:id=eight,n=3")
        for number in range(3):
            gate.release()
            await socket.said(f"word{number} ")
        await other.reply()
        gate.open()
        await socket.next("message_end")


async def test_point_8_a_reader_that_was_behind_gets_merged_deltas(long_place: Place):
    """One that reads late gets all the text, in far fewer frames than there were pieces."""
    person = await long_place.person()
    chat = await person.conversation()
    async with (
        person.socket(chat) as prompt,
        person.socket(chat, reading=False, max_queue=1) as late,
    ):
        await prompt.ask(model="bulk:n=5000,kb=4")
        await prompt.next("message_end", within=2 * WAIT_S)
        late.read()
        end = await late.next("message_end", within=2 * WAIT_S)
        assert len(end["full_content"]) == 5000 * 4096
        assert_follows_the_rules(late.events)
        assert len(late.heard("delta")) < 2500


@pytest.mark.parametrize("model", ["paced:n=N,gap=0.002", "fast:n=N"])
async def test_point_9_bytes_grow_linearly_with_the_reply(place: Place, model: str):
    """So many for each token, however long the reply is, whether they come slowly or fast."""
    person = await place.person()
    for count in (200, 800):
        chat = await person.conversation()
        async with person.socket(chat) as socket:
            end = await socket.reply(model=model.replace("N", str(count)))
            text = "".join(words(count))
            assert end["full_content"] == text
            # The text once in deltas, once at the end, and the frames around the deltas.
            assert sum(socket.sizes) < 2 * len(text) + count * 200 + 4000


async def test_a_gap_is_filled_by_a_fresh_snapshot(place: Place):
    """`follow` in the middle of a reply gives a snapshot, and what comes after it goes on there."""
    person = await place.person()
    chat = await person.conversation()
    gate = place.ollama.gate("gap")
    async with person.socket(chat) as socket:
        await socket.ask(model="gate:id=gap,n=6")
        start = await socket.next("message_start", seq=0)
        for number in range(1, 6):
            gate.release()
            await socket.said(f"word{number - 1} ")
            await socket.follow(start["id"])
            snapshot = await socket.next("message_start", id=start["id"])
            assert snapshot["seq"] == number
            assert snapshot["content"] == "".join(words(number))
        gate.open()
        end = await socket.next("message_end")
        assert end["full_content"] == "".join(words(6))
        assert_follows_the_rules(socket.events)


async def test_follow_of_an_ended_reply_gives_it_and_its_end(place: Place):
    """Of one that has ended: snapshot and end. Of an unknown or another's: `not_found`."""
    person, stranger = await place.person(), await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        end = await socket.reply(model="think")
    async with person.socket(chat) as socket:
        await socket.follow(end["id"])
        snapshot = await socket.next("message_start")
        assert snapshot["content"] == end["full_content"]
        assert snapshot["reasoning"] == "Let me think."
        assert await socket.next("message_end") == end
        assert_follows_the_rules(socket.events)
        await socket.follow("01900000-0000-7000-8000-000000000001")
        assert (await socket.next("error"))["code"] == "not_found"
    async with stranger.socket(await stranger.conversation()) as socket:
        for ask in (socket.follow, socket.stop):
            await ask(end["id"])
            assert (await socket.next("error"))["code"] == "not_found"


async def test_a_snapshot_on_connect_of_what_is_running(place: Place):
    """Whoever connects during a reply gets `ready`, then the snapshot, without asking. The
    message before it is told only to who sends that once more."""
    person = await place.person()
    chat, client_id = await person.conversation(), str(uuid4())
    gate, asked = place.ollama.gate("late"), {"client_id": client_id, "model": "gate:id=late,n=4"}
    answer = asyncio.create_task(person.rest.generate(chat, **asked))
    gate.release(2)
    await place.ollama.chat()
    async with person.socket(chat) as socket:
        start = await socket.next("message_start")
        assert [event["type"] for event in socket.events[:2]] == ["ready", "message_start"]
        await socket.said("word1 ")
        await socket.follow(start["id"])
        await socket.next("message_start")
        assert not socket.heard("user_message")
        await socket.ask(**asked)
        await socket.next("user_message", client_id=client_id)
        await socket.next("message_start")
        gate.open()
        end = await socket.next("message_end")
        await socket.follow(start["id"])
        await socket.next("message_start")
        await socket.next("message_end")
        assert len(socket.heard("user_message")) == 1
    assert (await answer).json()["message"]["content"] == end["full_content"]


async def test_a_compressed_socket_is_told_the_same(place: Place):
    """Browsers offer compression; the frames that come out are no others."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as plain, person.socket(chat, compression="deflate") as packed:
        await packed.reply("Grüße 👩‍👩‍👧‍👦", model="bytes:size=7")
        await plain.next("message_end")
        assert_follows_the_rules(packed.events)
        assert packed.thread.messages == plain.thread.messages


async def test_a_follow_at_the_end_is_answered(place: Place):
    """Who asks for a reply again as soon as its end is told gets all of it, each time: also while
    this process still has the log, or a copy of it."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as asking, person.socket(chat) as reader:
        for _ in range(20):
            await asking.ask(model="normal")
            end = await reader.next("message_end")
            for _ in range(2):
                await reader.follow(end["id"])
                await reader.next("message_start", id=end["id"])
                assert await reader.next("message_end") == end
            await asking.next("message_end")
