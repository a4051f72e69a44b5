"""Servers whose template insists: on roles that alternate, and on no system message. The
conversation goes on, whatever became of the replies before."""

import pytest

from tests.harness.place import Place
from tests.harness.rest import ok
from tests.scripted import openai_strict as _strict  # noqa: F401 - adds its scripts
from tests.streaming.replies.test_windows import asked, named


def roles(place: Place, index: int = -1) -> list[str]:
    return [message["role"] for message in place.openai.chats[index].json["messages"]]


async def test_after_a_stop_and_a_failure(place: Place):
    """Neither reply said anything: two questions follow each other, and are sent as one."""
    person = await place.person(staff=True)
    chat = await person.conversation()
    async with person.socket(chat, query="?provider=openai") as socket:
        await socket.ask("First", model="hang")
        start = await socket.next("message_start")
        await place.openai.chat()
        await socket.stop(start["id"])
        await socket.next("message_end", status="stopped")
        end = await socket.reply("Second", model="html")
        assert end["status"] == "failed"
        end = await socket.reply("Third", model="strict")
        assert end["status"] == "completed", end
        end = await socket.reply("Fourth", model="strict")
        assert end["status"] == "completed", end
    assert place.openai.chats[-2].json["messages"] == [
        {"role": "user", "content": "First\n\nSecond\n\nThird"}
    ]
    assert roles(place) == ["user", "assistant", "user"]
    stored = await person.rest.messages(chat)
    assert [m["content"] for m in stored if m["role"] == "user"] == [
        *("First", "Second", "Third", "Fourth")
    ]


async def test_after_a_cut_the_user_speaks_first(daphne_place: Place):
    """An answer whose question was left out is left out, too."""
    person = await daphne_place.person(staff=True)
    for words in range(100, 140, 7):
        chat = await person.conversation()
        await daphne_place.clerk("fill", conversation_id=chat, turns=60, words=words, system="Hi.")
        end = await asked(person, chat, "strict")
        assert end["status"] == "completed"
        assert end["context"]["dropped_messages"] > 0
        assert roles(daphne_place)[:2] == ["system", "user"]


@pytest.mark.parametrize("system", ["no", "alternate"])
async def test_without_a_system_role(place: Place, system: str):
    """The user says the system's text, before the first question; and the next time at once."""
    person = await place.person(staff=True)
    chat = await person.conversation()
    model = named(f"strict:system={system}")
    await place.clerk("fill", conversation_id=chat, turns=2, system="Be brief.")
    end = await asked(person, chat, model)
    assert end["status"] == "completed", end
    first, second = place.openai.chats
    assert first.json["messages"][0] == {"role": "system", "content": "Be brief."}
    assert second.json["messages"][0]["role"] == "user"
    assert second.json["messages"][0]["content"].startswith("Be brief.\n\n0 word")
    assert len(second.json["messages"]) == len(first.json["messages"]) - 1
    await asked(person, chat, model)
    assert len(place.openai.chats) == (4 if place.server is not place.last else 3)
    assert next(m["role"] for m in await person.rest.messages(chat)) == "system"


@pytest.mark.parametrize("system", ["no", "alternate"])
async def test_for_programs_too(openai_place: Place, system: str):
    """Their messages are sent as they are, until they are refused for their roles."""
    place = openai_place
    person = await place.person()
    model = named(f"strict:system={system}")
    place.offer(model)
    said = [("system", "Be brief."), ("user", "One"), ("user", "Two")]
    messages = [{"role": role, "content": content} for role, content in said]
    body = {"model": model, "messages": messages}
    for _ in range(2):
        ok(await person.rest.http.post("/v1/chat/completions", json=body))
    first, *later = place.openai.chats
    assert first.json["messages"] == messages
    assert [exchange.json["messages"] for exchange in later] == 2 * [
        [{"role": "user", "content": "Be brief.\n\nOne\n\nTwo"}]
    ]
