"""Prompts and presets that people keep."""

import re
from pathlib import Path

import pytest

from conversations.library import services
from conversations.library.models import Prompt
from tests.harness.place import Place
from tests.harness.rest import ok, refused

STRINGS = Path(__file__).parents[3] / "web" / "src" / "strings" / "composer.ts"
KINDS = {
    "prompts": ({"name": "Mail", "text": " Dear {{name}},\n"}, {"text": "Hello {{name}}"}),
    "presets": (
        {"name": "Cool", "settings": {"temperature": 0.1, "system_prompt": "Rhyme."}},
        {"settings": {"max_tokens": 300}},
    ),
}
WRONG = {
    "prompts": [
        {"text": "x" * 20_001},
        {"text": 5},
        {"name": ""},
        {"name": "x" * 101},
        {"size": 1},
    ],
    "presets": [{"settings": {"seeds": 1}}, {"settings": 5}, {"settings": {"temperature": 3}}],
}


@pytest.mark.parametrize("kind", KINDS)
async def test_entries_from_creation_to_deletion(daphne_place: Place, kind: str):
    """Own ones alone; another's look as if they were not there."""
    person, other = await daphne_place.person(), await daphne_place.person()
    path, (fields, changes) = f"/api/{kind}/", KINDS[kind]
    before = len(ok(await person.rest.get(path))["results"])
    made = ok(await person.page.post(path, fields), 201)
    assert made.items() >= fields.items()
    one = f"{path}{made['id']}/"
    changed = ok(await person.rest.patch(one, changes))
    assert changed.items() >= {**fields, **changes}.items()
    assert changed["updated_at"] > made["updated_at"]
    assert ok(await person.rest.get(one)) == changed
    assert ok(await person.rest.get(path))["results"][before:] == [changed]
    for wrong in WRONG[kind]:
        field = next(iter(wrong))
        refused(await person.rest.patch(one, wrong), 400, "validation_error", field)
        refused(await person.rest.post(path, {**fields, **wrong}), 400, "validation_error", field)
    for answer in (
        await other.rest.get(one),
        await other.rest.patch(one, changes),
        await other.rest.delete(one),
    ):
        refused(answer, 404, "not_found")
    assert (await person.rest.delete(one)).status_code == 204
    refused(await person.rest.get(one), 404, "not_found")
    assert len(ok(await person.rest.get(path))["results"]) == before


async def test_everybody_begins_with_the_starters(daphne_place: Place):
    """Once: they can be changed and deleted. The API has them in English, and says which they are;
    a page draws them in its language, until they are changed."""
    person = await daphne_place.person()
    wanted = {"Accept-Language": "de"}
    rows = ok(await person.rest.http.get("/api/prompts/", headers=wanted))["results"]
    begun = {row["starter"]: (row["name"], row["text"]) for row in rows}
    assert list(begun.items()) == list(services.STARTERS.items())
    chat = f"/chat/{await person.rest.new_conversation()}"
    assert "Eine Idee erklären" in (await person.page.http.get(chat, headers=wanted)).text
    first = f"/api/prompts/{rows[0]['id']}/"
    assert ok(await person.rest.patch(first, {"name": "Own"}))["starter"] == ""
    page = (await person.page.http.get(chat, headers=wanted)).text
    assert "Eine Idee erklären" not in page
    assert "Möglichkeiten vergleichen" in page
    for row in rows:
        assert (await person.rest.delete(f"/api/prompts/{row['id']}/")).status_code == 204
    assert ok(await person.rest.get("/api/prompts/"))["results"] == []


def test_the_starters_are_those_of_the_page():
    """It shows them before it has asked, and in the person's language, in the same order."""
    hook = (STRINGS.parents[1] / "hooks" / "useLibrary.ts").read_text()
    names = re.findall(r"'(\w+)'", hook.partition("STARTERS = [")[2].partition("]")[0])
    assert names == list(services.STARTERS)
    words = STRINGS.read_text().partition(" prompts: [")[2].partition("],")[0]
    shown = re.findall(r"name: '(.*?)',\n +text: '(.*?)',\n", words)
    assert [(name, text.replace("\\n", "").strip()) for name, text in shown] == list(
        services.STARTERS.values()
    )


def test_a_library_has_an_end(owner, stranger):
    """For each person and each kind."""
    services.Prompt.objects.bulk_create(
        Prompt(user=owner, name="x", text="x") for _ in range(services.MOST_ENTRIES - 1)
    )
    services.create(Prompt, user=owner, name="last", text="x")
    with pytest.raises(services.LibraryFull):
        services.create(Prompt, user=owner, name="too many", text="x")
    services.create(Prompt, user=stranger, name="first", text="x")
    services.create(services.Preset, user=owner, name="first", settings={})
