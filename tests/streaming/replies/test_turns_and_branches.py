"""Exactly once, regenerating and editing, and what a conversation remembers."""

import asyncio
from uuid import uuid4

from tests.harness.fold import assert_follows_the_rules
from tests.harness.place import Place
from tests.harness.rest import ok, refused
from tests.scripted.ollama_scripts import REPLY

WHOLE = "".join(REPLY)
NOBODY = "01900000-0000-7000-8000-000000000001"


async def test_a_repeated_client_id_after_the_end_is_answered_in_full(place: Place):
    """On a socket that knows nothing of it: the message, its snapshot and its end."""
    person = await place.person()
    chat, client_id = await person.conversation(), str(uuid4())
    async with person.socket(chat) as socket:
        end = await socket.reply("Once", client_id=client_id, model="think")
    async with person.socket(chat) as socket:
        assert await socket.reply("Once", client_id=client_id) == end
        kinds = [event["type"] for event in socket.events]
        assert kinds == ["ready", "user_message", "message_start", "message_end"]
        assert socket.events[2]["content"] == WHOLE
        assert socket.events[2]["reasoning"] == "Let me think."
        assert_follows_the_rules(socket.events)
    assert len(place.ollama.chats) == 1


async def test_a_client_id_that_failed_is_answered_with_its_failure(place: Place):
    """A repeated call never tries again by itself: it gets the same failed reply."""
    person = await place.person()
    chat, client_id = await person.conversation(), str(uuid4())
    first = await person.rest.generate(chat, client_id=client_id, model="fin")
    again = await person.rest.generate(chat, client_id=client_id)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.status_code == 502
    assert len(place.ollama.chats) == 1


async def test_the_same_client_id_elsewhere_is_another_turn(place: Place):
    """A client_id counts within one conversation of one user."""
    person, stranger = await place.person(), await place.person()
    client_id = str(uuid4())
    chats = [(person, await person.conversation()) for _ in range(2)]
    chats.append((stranger, await stranger.conversation()))
    answers = [ok(await who.rest.generate(chat, client_id=client_id)) for who, chat in chats]
    assert len({answer["message"]["id"] for answer in answers}) == 3


async def test_ten_regenerations_at_once_with_one_client_id_are_one(place: Place):
    """Regenerating is as exactly-once as asking."""
    person = await place.person()
    chat, client_id = await person.conversation(), str(uuid4())
    first = ok(await person.rest.generate(chat))["message"]

    async def again() -> str:
        answer = await person.rest.generate(chat, None, client_id=client_id, message_id=first["id"])
        return ok(answer)["message"]["id"]

    ids = set(await asyncio.gather(*(again() for _ in range(10))))
    assert len(ids) == 1
    assert len(await person.rest.messages(chat, branch="all")) == 3
    assert len(place.ollama.chats) == 2


async def test_different_messages_at_once_one_wins_and_the_others_are_refused(place: Place):
    """Ten different messages at once: one reply, nine times `conversation_busy`."""
    person = await place.person()
    chat = await person.conversation()
    calls = [
        asyncio.create_task(person.rest.generate(chat, f"{n}", model="gate:id=race,n=1"))
        for n in range(10)
    ]
    over = asyncio.as_completed(calls)
    answers = [await next(over) for _ in range(9)]
    place.ollama.gate("race").open()
    answers.append(await next(over))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    for answer in answers:
        if answer.status_code == 409:
            refused(answer, 409, "conversation_busy")
    assert len(await person.rest.messages(chat, branch="all")) == 2


async def test_regenerate_makes_a_sibling(place: Place):
    """The new reply hangs beside the old one under the same question; both stay."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        first = await socket.reply("Question")
        await socket.regenerate(first["id"])
        start = await socket.next("message_start")
        end = await socket.next("message_end")
        assert end["id"] == start["id"] != first["id"]
        old, new = [await person.rest.message(each["id"]) for each in (first, end)]
        assert old["parent_id"] == new["parent_id"] == start["parent_id"]
        assert [m["id"] for m in await person.rest.messages(chat)] == [old["parent_id"], end["id"]]
        assert len(await person.rest.messages(chat, branch="all")) == 3
        assert len(socket.heard("user_message")) == 1
        sent = [exchange.json["messages"] for exchange in place.ollama.chats]
        assert sent[0] == sent[1]
    answer = ok(await person.rest.generate(chat, None, message_id=end["id"]))
    assert answer["user_message"] == (await person.rest.messages(chat))[0] | {"sibling_ids": None}
    below = {"message_id": answer["message"]["id"], "continue": True}
    further = ok(await person.rest.generate(chat, None, **below))
    assert further["user_message"] == answer["user_message"]
    assert answer["message"]["parent_id"] == old["parent_id"]


async def test_regenerate_by_the_question(place: Place):
    """Naming the user message instead of the reply means the same."""
    person = await place.person()
    chat = await person.conversation()
    first = ok(await person.rest.generate(chat))
    asked = first["user_message"]["id"]
    again = ok(await person.rest.generate(chat, None, message_id=asked))
    assert again["message"]["parent_id"] == asked


async def test_regenerate_in_the_middle_forgets_nothing(place: Place):
    """An old reply made again starts a branch there; the later messages stay on record."""
    person = await place.person()
    chat = await person.conversation()
    first = ok(await person.rest.generate(chat, "First"))["message"]
    ok(await person.rest.generate(chat, "Second"))
    ok(await person.rest.generate(chat, None, message_id=first["id"]))
    assert len(await person.rest.messages(chat)) == 2
    assert len(await person.rest.messages(chat, branch="all")) == 5
    assert [m["content"] for m in place.ollama.chats[-1].json["messages"]] == ["First"]


async def test_edit_the_first_message(place: Place):
    """A message with `parent_id` null is a new root beside the old one."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        await socket.reply("Helo")
        await socket.reply("Hello", parent_id=None)
    assert [m["content"] for m in await person.rest.messages(chat)] == ["Hello", WHOLE]
    everything = await person.rest.messages(chat, branch="all")
    assert [m["parent_id"] for m in everything if m["role"] == "user"] == [None, None]


async def test_go_back_to_a_branch_by_its_head(place: Place):
    """PATCH `head_id` shows another branch, on every socket; the next message goes on there."""
    person = await place.person()
    chat = await person.conversation()
    async with person.socket(chat) as socket:
        first = await socket.reply("One")
        await socket.reply("Two")
        await socket.reply("Other", parent_id=first["id"])
        ok(await person.rest.patch(f"/api/conversations/{chat}/", {"head_id": first["id"]}))
        assert (await socket.next("conversation", head_id=first["id"]))["title"] == "One"
        await socket.reply("Three")
    contents = [m["content"] for m in await person.rest.messages(chat)]
    assert contents == ["One", WHOLE, "Three", WHOLE]


async def test_a_parent_or_a_message_of_another_conversation_is_refused(place: Place):
    """The field is named, on both doors, and nothing is stored."""
    person = await place.person()
    chat, elsewhere = await person.conversation(), await person.conversation()
    other = ok(await person.rest.generate(elsewhere))["message"]["id"]
    async with person.socket(chat) as socket:
        for parent in (other, NOBODY):
            await socket.ask(parent_id=parent)
            assert "parent_id" in (await socket.next("error"))["fields"]
            answer = await person.rest.generate(chat, parent_id=parent)
            refused(answer, 400, "validation_error", "parent_id")
            await socket.regenerate(parent)
            assert (await socket.next("error"))["code"] == "not_found"
            answer = await person.rest.generate(chat, None, message_id=parent)
            refused(answer, 404, "not_found")
    assert await person.rest.messages(chat, branch="all") == []


async def test_parameters_are_passed_on_and_remembered(place: Place):
    """Given values go to the model and stay with the conversation, for who leaves them out."""
    person = await place.person()
    chat = await person.conversation()
    parameters = {"temperature": 0.2, "max_tokens": 300, "top_p": 0.9}
    ok(await person.rest.generate(chat, model="normal", parameters=parameters))
    async with person.socket(chat) as socket:
        await socket.ask(model=None, parameters={"temperature": 0.4})
        await socket.next("message_end")
    options = [exchange.json["options"] for exchange in place.ollama.chats]
    assert {**options[0]}.items() >= {"temperature": 0.2, "num_predict": 300, "top_p": 0.9}.items()
    assert {**options[1]}.items() >= {"temperature": 0.4, "num_predict": 300, "top_p": 0.9}.items()
    settings = (await person.rest.conversation(chat))["settings"]
    assert settings == {**parameters, "temperature": 0.4, "model": "normal"}


async def test_titles_come_from_the_first_five_words(place: Place):
    """The first message names the conversation, once."""
    person = await place.person()
    for said, title in {
        "One two three four five": "One two three four five",
        "One two three four five six": "One two three four five...",
        "  Line\n\nbreak\tand more  ": "Line break and more",
        "x" * 400: "x" * 250 + "...",
    }.items():
        chat = await person.conversation()
        ok(await person.rest.generate(chat, said))
        ok(await person.rest.generate(chat, "Another"))
        assert (await person.rest.conversation(chat))["title"] == title
