"""What a person wants of every chat: instructions, language, theme, model."""

import pytest

from tests.harness.place import Place
from tests.harness.rest import Rest, ok, refused

WISHES = {"instructions": "Be brief.", "language": "zh-hans", "theme": "dark"}


async def test_preferences_are_kept(place: Place):
    """Each alone or together, on this account alone."""
    person, other = await place.person(), await place.person()
    changed = ok(await person.page.patch("/api/me/", {**WISHES, "default_model": "echo"}))
    assert changed.items() >= {**WISHES, "default_model": "echo", "id": person.id}.items()
    assert ok(await person.rest.patch("/api/me/", {"language": ""}))["language"] == ""
    assert ok(await person.rest.get("/api/me/")) == {**changed, "language": ""}
    assert ok(await other.rest.get("/api/me/"))["instructions"] == ""
    # The theme of the account is that of a browser that has none of its own.
    session = f"sessionid={person.session}"
    for theme, cookie in (("dark", session), ("light", f"{session}; theme=light")):
        async with Rest(place.server.url) as browser:
            page = (await browser.http.get("/profile", headers={"Cookie": cookie})).text
        assert f'data-theme="{theme}"' in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"language": "tlh"}, "language"),
        ({"theme": "pink"}, "theme"),
        ({"instructions": "x" * 8001}, "instructions"),
        ({"instructions": None}, "instructions"),
        ({"default_model": "x" * 256}, "default_model"),
        ({"is_staff": True}, "is_staff"),
        ([], "body"),
    ],
)
async def test_preferences_that_are_refused(daphne_place: Place, changes: object, field: str):
    person = await daphne_place.person()
    answer = await person.rest.patch("/api/me/", changes)
    refused(answer, 400, "validation_error", field)


async def test_a_key_that_may_not_read_gets_no_instructions(daphne_place: Place):
    person = await daphne_place.person()
    ok(await person.page.patch("/api/me/", WISHES))
    made = ok(await person.page.post("/api/keys/", {"name": "k", "scopes": ["models"]}), 201)
    async with Rest(daphne_place.server.url, key=made["key"]) as rest:
        assert set(ok(await rest.get("/api/me/"))) == {"id", "username", "is_staff"}
        refused(await rest.patch("/api/me/", WISHES), 403, "missing_scope")


async def test_instructions_go_to_the_model(daphne_place: Place):
    """Before the chat's own system prompt, from the next message on, also by an open socket; and
    they count."""
    place = daphne_place
    person = await place.person()
    chat = await person.conversation()
    path = f"/api/conversations/{chat}/"
    async with person.socket(chat) as socket:
        await socket.reply("one", model="normal")
        plain = socket.heard("message_start")[-1]["context"]["prompt_tokens"]
        ok(await person.page.patch("/api/me/", {"instructions": "Be brief. " * 40}))
        await socket.reply("two", model="normal")
        assert socket.heard("message_start")[-1]["context"]["prompt_tokens"] > plain + 50
        ok(await person.rest.patch(path, {"settings": {"system_prompt": "Rhyme."}}))
        await socket.reply("three", model="normal")
    systems = [chat.json["messages"][0] for chat in place.ollama.chats]
    assert [message["role"] for message in systems] == ["user", "system", "system"]
    assert systems[2]["content"] == "Be brief. " * 40 + "\n\nRhyme."


async def test_the_default_model_of_a_person(daphne_place: Place):
    """Where none was chosen; a model that is gone, or that a key may not use, gives way."""
    place = daphne_place
    person = await place.person()
    place.offer("echo")
    ok(await person.page.patch("/api/me/", {"default_model": "echo"}))
    new = await person.conversation()
    answer = ok(await person.rest.generate(new, model="normal"))
    assert answer["message"]["model"] == "normal"
    answer = ok(await person.rest.generate(new, model=None))
    assert answer["message"]["model"] == "normal"
    answer = ok(await person.rest.generate(await person.conversation(), model=None))
    assert answer["message"]["model"] == "echo"
    limited = {"name": "k", "allowed_models": ["normal"]}
    made = ok(await person.page.post("/api/keys/", limited), 201)
    async with Rest(place.server.url, key=made["key"]) as rest:
        answer = ok(await rest.generate(await person.conversation(), model=None))
        assert answer["message"]["model"] == "normal"
    ok(await person.page.patch("/api/me/", {"default_model": "gone"}))
    answer = ok(await person.rest.generate(await person.conversation(), model=None))
    assert answer["message"]["model"] == "normal"
