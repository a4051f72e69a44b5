"""Forks, and conversations that are not meant to stay."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from conversations.threads import access, services, temporary
from conversations.threads.models import Conversation
from conversations.usage.models import UsageRecord
from tests.conversations.conftest import open_turn
from tests.conversations.threads.test_services import close
from tests.harness.place import Place
from tests.harness.rest import ok, refused

# What tells a copy from what it was copied from.
OWN = {"id", "parent_id", "client_id", "sibling_ids", "sibling_models"}


async def test_a_fork_is_a_conversation_of_its_own(daphne_place: Place):
    """With the messages down to the leaf, which can be found and answered; it costs nothing."""
    person, other = await daphne_place.person(), await daphne_place.person()
    chat = await person.rest.new_conversation(settings={"system_prompt": "Rhyme."})
    for said in ("lighthouse", "two"):
        ok(await person.rest.generate(chat, said))
    rows = await person.rest.messages(chat)
    path = f"/api/conversations/{chat}/fork/"
    for body, count in (({}, 4), ({"leaf": None}, 4), ({"leaf": rows[1]["id"]}, 2)):
        made = ok(await person.rest.post(path, body), 201)
        assert (made["title"], made["message_count"]) == ("lighthouse", count)
        assert made["settings"] == (await person.rest.conversation(chat))["settings"]
        copies = await person.rest.messages(made["id"])
        assert [{**row, **dict.fromkeys(OWN)} for row in copies] == [
            {**row, **dict.fromkeys(OWN)} for row in rows[:count]
        ]
        assert not {row["id"] for row in copies} & {row["id"] for row in rows}
        assert [row["parent_id"] for row in copies] == [
            None,
            *(row["id"] for row in copies[:-1]),
        ]
        assert made["head_id"] == copies[-1]["id"]
    ok(await person.rest.generate(made["id"], "three"))
    assert len(await person.rest.messages(made["id"])) == 4
    assert len(await person.rest.messages(chat)) == 4
    found = ok(await person.rest.get("/api/conversations/", search="lighthouse"))["results"]
    assert len([row for row in found if row["snippet"]]) == 4
    assert len(await daphne_place.clerk("usage", user_id=person.id)) == 3
    refused(await other.rest.post(path, {}), 404, "not_found")
    for leaf in (str(uuid4()), 5):
        refused(await person.rest.post(path, {"leaf": leaf}), 400, "validation_error", "leaf")
    empty = await person.conversation()
    assert (
        ok(await person.rest.post(f"/api/conversations/{empty}/fork/", {}), 201)["head_id"] is None
    )


async def test_a_running_reply_is_not_copied(daphne_place: Place):
    person = await daphne_place.person()
    chat = await person.conversation()
    gate = daphne_place.ollama.gate("a")
    async with person.socket(chat) as socket:
        await socket.ask("first", model="gate:id=a")
        start = await socket.next("message_start")
        path = f"/api/conversations/{chat}/fork/"
        refused(await person.rest.post(path, {}), 409, "conversation_busy")
        made = ok(await person.rest.post(path, {"leaf": start["parent_id"]}), 201)
        assert made["message_count"] == 1
        gate.open()
        await socket.next("message_end")


async def test_a_temporary_conversation_is_in_no_list(daphne_place: Place):
    """And in no search; else it is as any other, and a fork keeps it."""
    person = await daphne_place.person()
    chat = await person.rest.new_conversation(temporary=True)
    async with person.socket(chat) as socket:
        assert (await socket.reply("lighthouse", model="normal"))["status"] == "completed"
    shown = await person.rest.conversation(chat)
    assert (shown["temporary"], shown["message_count"]) == (True, 2)
    page = await person.page.get(f"/chat/{chat}")
    assert "lighthouse" in page.text
    for path in ("/api/conversations/", "/api/conversations/?search=lighthouse"):
        assert ok(await person.rest.get(path))["results"] == []
    assert ok(await person.rest.get("/api/chat/sessions/"))["sessions"] == []
    assert "lighthouse" not in (await person.page.get("/")).text
    assert len(await daphne_place.clerk("usage", user_id=person.id)) == 1
    answer = await person.rest.patch(f"/api/conversations/{chat}/", {"temporary": False})
    refused(answer, 400, "validation_error", "temporary")
    made = ok(await person.rest.post(f"/api/conversations/{chat}/fork/", {}), 201)
    listed = ok(await person.rest.get("/api/conversations/"))["results"]
    assert [(row["id"], row["temporary"]) for row in listed] == [(made["id"], False)]


def used(chat: Conversation, ago: timedelta) -> None:
    Conversation.objects.filter(id=chat.id).update(used_at=timezone.now() - ago)


def test_a_temporary_conversation_ends_an_hour_after_its_last_use(owner):
    """A request is a use; what runs goes on. What it cost stays."""
    chats = [services.create_conversation(user=owner, temporary=True) for _ in range(3)]
    unused, asked, running = chats
    lasting = services.create_conversation(user=owner)
    turn = open_turn(unused)
    close(turn.reply)
    open_turn(running)
    for chat in chats:
        used(chat, temporary.KEPT + timedelta(minutes=1))
    access.conversation(owner, asked.id)
    assert temporary.delete_unused() == 1
    left = set(Conversation.objects.values_list("id", flat=True))
    assert left == {asked.id, running.id, lasting.id}
    assert UsageRecord.objects.filter(user=owner, message=None).count() == 1


@pytest.mark.parametrize(("minutes", "stored"), [(4, False), (6, True)])
def test_a_use_is_stored_now_and_then(owner, minutes: int, stored: bool):
    """An open socket looks every few seconds."""
    chat = services.create_conversation(user=owner, temporary=True)
    used(chat, timedelta(minutes=minutes))
    access.conversation(owner, chat.id)
    chat.refresh_from_db()
    assert (timezone.now() - chat.used_at < timedelta(minutes=1)) is stored
