"""What people think of replies, and what staff see of it."""

import re

import pytest

from tests.harness.place import Place
from tests.harness.rest import ok, refused


async def test_a_reply_is_rated(daphne_place: Place):
    """By its reader alone; the newest counts, and 0 takes it back."""
    person, other = await daphne_place.person(), await daphne_place.person()
    chat = await person.conversation()
    reply = ok(await person.rest.generate(chat))["message"]["id"]
    path = f"/api/messages/{reply}/rating/"
    assert (await person.rest.message(reply))["rating"] is None
    for given in ({"value": 1}, {"value": -1, "comment": "Wrong."}):
        rating = {"comment": "", **given}
        assert ok(await person.rest.http.put(path, json=given)) == rating
        assert (await person.rest.message(reply))["rating"] == rating
        listed = await person.rest.messages(chat)
        assert [row["rating"] for row in listed] == [None, rating]
    refused(await other.rest.http.put(path, json={"value": 1}), 404, "not_found")
    ok(await person.rest.http.put(path, json={"value": 0}))
    assert (await person.rest.message(reply))["rating"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"value": 2}, "value"),
        ({"comment": "x"}, "value"),
        ({"value": 1, "comment": "x" * 2001}, "comment"),
        ({"value": 1, "stars": 5}, "stars"),
    ],
)
async def test_ratings_that_are_refused(daphne_place: Place, body: dict, field: str):
    person = await daphne_place.person()
    answer = ok(await person.rest.generate(await person.conversation()))
    path = "/api/messages/{}/rating/"
    reply = path.format(answer["message"]["id"])
    refused(await person.rest.http.put(reply, json=body), 400, "validation_error", field)
    question = path.format(answer["user_message"]["id"])
    answer = await person.rest.http.put(question, json={"value": 1})
    refused(answer, 400, "validation_error", "value")


async def test_staff_see_counts_by_model(daphne_place: Place):
    """Also of conversations that are gone; and nothing of what was said."""
    place = daphne_place
    admin = await place.person(staff=True)
    await place.clerk("allow", model="User", row_id=admin.id, is_superuser=True)
    person = await place.person()
    chat = await person.conversation()
    model = f"echo:x={chat[:8]}"
    for value in (1, 1, -1):
        made = ok(await person.rest.generate(chat, "secret words", model=model))["message"]["id"]
        ok(await person.rest.http.put(f"/api/messages/{made}/rating/", json={"value": value}))
    await place.clerk("forget", conversation_id=chat)
    page = (await admin.page.get("/admin/conversations/rating/")).text
    row = page[page.index(f'<th scope="row">{model}</th>') :]
    assert row.startswith(f'<th scope="row">{model}</th><td>2</td><td>1</td>')
    assert "secret words" not in page
    people = (await admin.page.get("/people")).text
    counts = re.findall(r">(\d+)</td>", people[people.index(f"<bdi>{model}</bdi>") :])
    assert counts[:2] == ["2", "1"]
