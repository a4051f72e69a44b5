"""Addresses: as they are typed, and those that describe the server."""

import pytest

from tests.harness.place import Place
from tests.harness.rest import Rest, ok, refused


async def test_ids_in_capital_letters(daphne_place: Place):
    """In an address as in a body."""
    person = await daphne_place.person()
    chat = await person.conversation()
    asked = ok(await person.rest.generate(chat.upper()))["user_message"]["id"]
    for path in (f"conversations/{chat.upper()}/messages", f"messages/{asked.upper()}"):
        ok(await person.rest.get(f"/api/{path}/"))
    assert ok(await person.rest.get(f"/api/chat/sessions/{chat.upper()}/"))["id"] == chat


async def test_without_the_last_slash(place: Place):
    """The way to the right address keeps the method and the body."""
    person = await place.person()
    answer = await person.rest.http.post("/api/conversations", json={"title": "Here"})
    assert (answer.status_code, answer.headers["location"]) == (308, "/api/conversations/")
    answer = await person.rest.http.post(
        "/api/conversations", json={"title": "Here"}, follow_redirects=True
    )
    assert (answer.status_code, answer.json()["title"]) == (201, "Here")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/chat/", "/chat"),
        ("/people//", "/people"),
        ("/connections/?a=/b/", "/connections?a=/b/"),
        ("//evil.example/chat/", None),
        ("/nowhere/", None),
    ],
)
async def test_with_a_slash_too_many(place: Place, typed: str, meant: str | None):
    """Pages have none at their end, which nobody has to know."""
    answer = await (await place.person()).rest.http.get(place.server.url + typed)
    found = (answer.status_code, answer.headers.get("location"))
    assert found == ((308, meant) if meant else (404, None))


async def test_the_schema_names_every_call(daphne_place: Place):
    """OpenAPI at /api/schema/, readable in a browser at /api/docs/."""
    person = await daphne_place.person()
    schema = (await person.rest.get("/api/schema/")).text
    for path in ("/api/conversations/", "generate/", "stop/", "/api/keys/", "/api/me/"):
        assert path in schema
    docs = await person.rest.get("/api/docs/")
    assert docs.status_code == 200
    for client in (person.page, person.rest):
        refused(await client.post("/api/docs/"), 405, "method_not_allowed")


async def test_alive_ready_and_counted(place: Place):
    """/healthz, /readyz, and /metrics with the replies."""
    person = await place.person()
    ok(await person.rest.generate(await person.conversation()))
    async with Rest(place.server.url) as nobody:
        assert ok(await nobody.get("/healthz"))["status"] == "ok"
        ready = ok(await nobody.get("/readyz"))
        assert ready["checks"]["database"] == "ok"
        assert (await nobody.http.post("/healthz")).status_code == 405
        figures = await nobody.get("/metrics")
        assert 'chat_replies_total{provider="ollama",status="completed"}' in figures.text
