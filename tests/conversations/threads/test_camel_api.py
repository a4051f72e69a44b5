"""`/api/chat/sessions/`: the same conversations in camelCase."""

import re
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from conversations.people.models import User
from conversations.threads import services
from tests.conversations.conftest import add_message
from tests.harness.place import Place
from tests.harness.rest import ok, refused

PATH = "/api/chat/sessions/"
ITEM = {"id", "title", "createdAt", "updatedAt", "messageCount"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


async def test_the_life_of_a_session(place: Place):
    """Make it, talk in it by any door, list it, read it, rename it, delete it."""
    person = await place.person()
    made = ok(await person.rest.post(PATH, {"title": "Python"}), 201)
    assert set(made) == ITEM
    assert (made["title"], made["messageCount"]) == ("Python", 0)
    assert MOMENT.fullmatch(made["createdAt"])
    ok(await person.rest.generate(made["id"], "How do I use decorators?"))
    listed = ok(await person.rest.get(PATH))
    (item,) = listed["sessions"]
    assert set(item) == ITEM
    assert (item["id"], item["messageCount"]) == (made["id"], 2)
    assert item["updatedAt"] > item["createdAt"]
    one = ok(await person.rest.get(f"{PATH}{made['id']}/"))
    assert set(one) == ITEM | {"messages"}
    assert [set(message) for message in one["messages"]] == [
        {"id", "role", "content", "createdAt"}
    ] * 2
    said = [(message["role"], message["content"]) for message in one["messages"]]
    assert said[0] == ("user", "How do I use decorators?")
    assert said[1] == ("assistant", "Hello from the scripted model.")
    renamed = ok(await person.rest.http.put(f"{PATH}{made['id']}/", json={"title": "Better"}))
    assert (set(renamed), renamed["title"]) == (ITEM, "Better")
    assert (await person.rest.conversation(made["id"]))["title"] == "Better"
    gone = await person.rest.delete(f"{PATH}{made['id']}/")
    assert (gone.status_code, gone.content) == (204, b"")
    refused(await person.rest.get(f"{PATH}{made['id']}/"), 404, "not_found")
    assert ok(await person.rest.get(PATH))["sessions"] == []


async def test_without_a_title_it_gets_one(daphne_place: Place):
    """The first five words, as everywhere."""
    person = await daphne_place.person()
    made = ok(await person.rest.post(PATH, {}), 201)
    ok(await person.rest.generate(made["id"], "How do I use Python decorators?"))
    (item,) = ok(await person.rest.get(PATH))["sessions"]
    assert item["title"] == "How do I use Python..."


async def test_a_whole_session_may_be_sent_back(daphne_place: Place):
    """Front ends do; only its title is changed."""
    person = await daphne_place.person()
    made = ok(await person.rest.post(PATH, {}), 201)
    one = ok(await person.rest.get(f"{PATH}{made['id']}/"))
    changed = {**one, "title": "Mine", "messageCount": 9}
    told = ok(await person.rest.http.put(f"{PATH}{made['id']}/", json=changed))
    assert (told["title"], told["messageCount"]) == ("Mine", 0)


async def test_sockets_hear_of_it(daphne_place: Place):
    """A new title is told; deleting stops what runs and closes the socket."""
    person = await daphne_place.person()
    made = ok(await person.rest.post(PATH, {}), 201)
    async with person.socket(made["id"]) as socket:
        await socket.ask(model="endless")
        await socket.next("message_start")
        ok(await person.rest.http.put(f"{PATH}{made['id']}/", json={"title": "Told"}))
        await socket.next("conversation", title="Told")
        assert (await person.rest.delete(f"{PATH}{made['id']}/")).status_code == 204
        await socket.next("message_end", status="stopped")
        assert await socket.closed() == 4404


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "title"), ({"title": None}, "title"), ({"title": "x" * 256}, "title"), ({"a": 1}, "a")],
)
async def test_bad_input_is_named(daphne_place: Place, body: dict[str, Any], field: str):
    """In the shape of every other error."""
    person = await daphne_place.person()
    made = ok(await person.rest.post(PATH, {}), 201)
    answer = await person.rest.http.put(f"{PATH}{made['id']}/", json=body)
    refused(answer, 400, "validation_error", field)


async def test_other_peoples_sessions_are_not_there(daphne_place: Place):
    """Missing and foreign look the same."""
    person, stranger = await daphne_place.person(), await daphne_place.person()
    made = ok(await person.rest.post(PATH, {}), 201)
    for key in (made["id"], str(uuid4())):
        path = f"{PATH}{key}/"
        for answer in (
            await stranger.rest.get(path),
            await stranger.rest.http.put(path, json={"title": "Mine"}),
            await stranger.rest.delete(path),
        ):
            refused(answer, 404, "not_found")
    assert ok(await stranger.rest.get(PATH))["sessions"] == []


def test_the_list_costs_the_same_for_many(
    owner: User, django_assert_num_queries: DjangoAssertNumQueries
):
    """One query, with the counts; and a page of old ones is one more."""
    client = APIClient()
    client.force_authenticate(owner)
    for count in (1, 25):
        for _ in range(count):
            chat = services.create_conversation(user=owner)
            for _ in range(3):
                add_message(chat)
        with django_assert_num_queries(1):
            found = client.get(PATH).json()["sessions"]
        assert {item["messageCount"] for item in found} == {3}
    first = client.get(f"{PATH}?limit=20").json()
    with django_assert_num_queries(1):
        rest = client.get(first["next"]).json()
    assert (len(first["sessions"]), len(rest["sessions"]), rest["next"]) == (20, 6, None)
