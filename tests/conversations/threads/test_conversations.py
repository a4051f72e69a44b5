"""Conversations and messages by REST: what is made, read, changed and deleted."""

import re

import pytest

from tests.harness.place import Place
from tests.harness.rest import MESSAGE, ok, refused

NOBODY = "01900000-0000-7000-8000-000000000001"
CONVERSATION = {"id", "title", "head_id", "settings", "created_at", "updated_at", "message_count"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


async def test_a_conversation_from_creation_to_deletion(place: Place):
    """Create, read, change, list, delete, with the documented fields and statuses."""
    person = await place.person()
    rest = person.rest
    made = ok(await rest.post("/api/conversations/", {"title": "Trip"}), 201)
    assert set(made) >= CONVERSATION
    assert (made["title"], made["head_id"], made["message_count"]) == ("Trip", None, 0)
    assert TIME.fullmatch(made["created_at"])
    path = f"/api/conversations/{made['id']}/"
    changed = ok(await rest.patch(path, {"title": "Journey", "settings": {"top_p": 0.5}}))
    assert (changed["title"], changed["settings"]) == ("Journey", {"top_p": 0.5})
    assert ok(await rest.get(path)) == changed
    listed = ok(await rest.get("/api/conversations/"))
    assert set(listed) >= {"next", "previous", "results"}
    assert [row["id"] for row in listed["results"]] == [made["id"]]
    response = await rest.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    refused(await rest.get(path), 404, "not_found")
    assert ok(await rest.get("/api/conversations/"))["results"] == []


async def test_an_empty_conversation_is_used_again(place: Place):
    """When one asks for it; one with a message, a name or a pin is not empty."""
    rest = (await place.person()).rest
    new = {"reuse": True, "settings": {"model": "normal"}}
    first = ok(await rest.post("/api/conversations/", new), 201)
    again = ok(await rest.post("/api/conversations/", {"reuse": True, "settings": {"top_p": 0.5}}))
    assert again["id"] == first["id"]
    assert again["settings"] == {"model": "normal", "top_p": 0.5}
    named = ok(await rest.post("/api/conversations/", {"title": "Trip"}), 201)
    listed = {
        flag: {
            row["id"] for row in ok(await rest.get(f"/api/conversations/?empty={flag}"))["results"]
        }
        for flag in ("true", "false")
    }
    assert listed == {"true": {first["id"]}, "false": {named["id"]}}
    await rest.generate(first["id"], "Hello", model="echo")
    assert ok(await rest.post("/api/conversations/", {"reuse": True}), 201)["settings"] == {}


async def test_a_regeneration_with_another_model_is_for_itself(place: Place):
    """The conversation goes on with the model of its messages."""
    rest = (await place.person()).rest
    chat = ok(await rest.post("/api/conversations/", {}), 201)["id"]
    reply = ok(await rest.generate(chat, "Hello", model="normal"))["message"]
    body = {"client_id": NOBODY, "message_id": reply["id"], "parameters": {"model": "echo"}}
    other = ok(await rest.post(f"/api/conversations/{chat}/generate/", body))["message"]
    assert other["model"] == "echo"
    assert (await rest.conversation(chat))["settings"]["model"] == "normal"


async def test_what_was_said_last_comes_first(place: Place):
    """A message moves its conversation to the top; a search finds titles."""
    person = await place.person()
    old, new = await person.conversation(), await person.conversation()
    ok(await person.rest.generate(old, "Sailing to Byzantium"))
    ids = [row["id"] for row in ok(await person.rest.get("/api/conversations/"))["results"]]
    assert ids == [old, new]
    found = ok(await person.rest.get("/api/conversations/", search="byzan"))["results"]
    assert [row["id"] for row in found] == [old]
    assert found[0]["message_count"] == 2
    assert ok(await person.rest.get("/api/conversations/", search="100%_"))["results"] == []


async def test_one_message_with_its_status(place: Place):
    """The same object as in the list, with every documented field."""
    person = await place.person()
    chat = await person.conversation()
    answer = ok(await person.rest.generate(chat, "Hi", model="think"))
    assert set(answer) >= {
        "user_message",
        "message",
        "provider_used",
        "fallback_used",
        "tokens",
    }
    row = await person.rest.message(answer["message"]["id"])
    listed = (await person.rest.messages(chat))[1]
    for name in MESSAGE:
        assert row[name] == listed[name] == answer["message"][name]
    assert set(row) >= MESSAGE
    assert row["reasoning"] == "Let me think."
    assert set(row["tokens"]) == {"prompt", "completion", "total", "source"}
    assert TIME.fullmatch(row["completed_at"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "x" * 256}, "title"),
        ({"title": 7}, "title"),
        ({"title": None}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"settings": {"temperature": 2}}, "settings"),
        ({"settings": {"seeds": 2}}, "settings"),
        ({"settings": []}, "settings"),
        ({"head_id": NOBODY}, "head_id"),
        ({"head_id": "x"}, "head_id"),
        ({"head_id": 5}, "head_id"),
        ({"colour": "blue"}, "colour"),
        ({"id": NOBODY}, "id"),
    ],
)
async def test_changes_that_are_refused(daphne_place: Place, changes: dict, field: str):
    """The field is named, and nothing changes."""
    person = await daphne_place.person()
    chat = await person.conversation()
    before = await person.rest.conversation(chat)
    answer = await person.rest.patch(f"/api/conversations/{chat}/", changes)
    refused(answer, 400, "validation_error", field)
    assert await person.rest.conversation(chat) == before


async def test_titles_and_white_space_are_kept(daphne_place: Place):
    """A title is text as it was given, also an empty one; the first message names only what has
    no name."""
    person = await daphne_place.person()
    title = "  <b>Grüße</b> 👩‍👩‍👧‍👦 "
    chat = await person.rest.new_conversation(title=title)
    ok(await person.rest.generate(chat))
    assert (await person.rest.conversation(chat))["title"] == title
