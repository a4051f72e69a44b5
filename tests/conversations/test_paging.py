"""Lists page by page: each row once, forward and back, whatever is added meanwhile."""

from base64 import urlsafe_b64encode
from uuid import uuid4

import pytest

from tests.harness.place import Person, Place
from tests.harness.rest import MESSAGE, ok, refused


async def test_conversations_page_by_page(place: Place):
    """Newest first, every one once, while others are added in front."""
    person = await place.person()
    made = [await person.conversation() for _ in range(25)]
    path: str | None = "/api/conversations/?limit=10"
    seen: list[str] = []
    while path:
        page = ok(await person.rest.get(path))
        seen += [row["id"] for row in page["results"]]
        path = page["next"]
        await person.conversation()
    assert seen == made[::-1]
    for limit in ("0", "-1", "x", "9" * 30):
        answer = await person.rest.get("/api/conversations/", limit=limit)
        assert answer.status_code in (200, 400)


async def test_pages_of_conversations_of_one_moment(place: Place):
    """Those with the same time are all there, on the way forward and on the way back."""
    person = await place.person()
    for hours in (0, 1, 0):
        await place.clerk("many", user_id=person.id, conversations=3, hours=hours)
        everything = ok(await person.rest.get("/api/conversations/"))["results"]
        for limit in (1, 2, 4):
            forward, back = await walked(person, f"/api/conversations/?limit={limit}")
            assert forward == back == [row["id"] for row in everything]


async def walked(person: Person, path: str) -> tuple[list[str], list[str]]:
    """The ids of a list from its first page to its last, and again on the way back."""
    pages = [ok(await person.rest.get(path))]
    while pages[-1]["next"]:
        pages.append(ok(await person.rest.get(pages[-1]["next"])))
    back = pages[-1:]
    while back[0]["previous"]:
        back.insert(0, ok(await person.rest.get(back[0]["previous"])))
    forward, backward = (
        [row["id"] for page in way for row in page["results"]] for way in (pages, back)
    )
    return forward, backward


def encoded(cursor: str) -> str:
    return urlsafe_b64encode(cursor.encode()).decode()


@pytest.mark.parametrize("path", ["conversations", "keys", "chat/sessions"])
async def test_a_cursor_that_is_not_ours(daphne_place: Place, path: str):
    person = await daphne_place.person()
    rest = person.page if path == "keys" else person.rest  # keys are for sessions
    row = uuid4().hex
    for cursor in (
        *("", "rubbish", "é", encoded("p="), encoded("p=abc"), encoded("p=2026-01-01")),
        *(encoded(f"p={moment} {row}") for moment in ("never", "2026-01-01T00:00:00")),
        encoded(f"r=1&p=0001-01-01T00:00:00%2B10:00 {row}"),
        encoded("p=2026-01-01T00:00:00%2B00:00 1"),
        encoded(f"r=x&p=2026-01-01T00:00:00%2B00:00 {row}"),
    ):
        refused(await rest.get(f"/api/{path}/", cursor=cursor), 404, "not_found")


async def test_messages_page_by_page(place: Place):
    """Oldest first, whatever the size of the pages; `next` is a path that works."""
    person = await place.person()
    chat = await person.conversation()
    ids = await place.clerk("fill", conversation_id=chat, turns=30)
    for limit in (1, 7, 60, 1000):
        rows = await person.rest.messages(chat, limit=limit)
        assert [row["id"] for row in rows] == ids
        rows = await person.rest.messages(chat, branch="all", limit=limit)
        assert [row["id"] for row in rows] == ids
    assert set(rows[0]) >= MESSAGE
    path = f"/api/conversations/{chat}/messages/"
    for name, value in (
        ("branch", "tail"),
        ("limit", "0"),
        ("limit", "many"),
        ("limit", "9" * 5000),
        ("limit", "²"),
        ("after", "x"),
    ):
        refused(await person.rest.get(path, **{name: value}), 400, "validation_error", name)
