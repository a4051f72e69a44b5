"""REST for what is on record, through the real server."""

import re
from collections.abc import Callable

import pytest
from django.db import OperationalError

from conversations.errors import Unavailable
from conversations.exception_handler import exception_handler
from tests.harness.place import Place, place_at
from tests.harness.rest import MESSAGE, Rest, ok, refused
from tests.harness.server import ChatServer

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


async def test_the_session_does_what_a_key_does(place: Place):
    """With cookie and CSRF token, and not without the token."""
    person = await place.person()
    made = ok(await person.page.post("/api/conversations/", {}), 201)
    assert ok(await person.rest.get(f"/api/conversations/{made['id']}/"))["id"] == made["id"]
    for headers in ({"X-CSRFToken": ""}, {"X-CSRFToken": "b" * 32}):
        answer = await person.page.http.post("/api/conversations/", json={}, headers=headers)
        refused(answer, 403, "csrf_failed")
    evil = {"Origin": "https://evil.example"}
    answer = await person.page.http.post("/api/conversations/", json={}, headers=evil)
    told = refused(answer, 403, "csrf_failed")
    assert "evil" not in told["message"]
    assert len(ok(await person.page.get("/api/conversations/"))["results"]) == 1


async def test_a_body_that_cannot_be_read_is_told(place: Place):
    """By key and by session, at every address that takes one; the token comes first."""
    person = await place.person()
    chat = await person.conversation()
    paths = [f"/api/conversations/{chat}/{name}/" for name in ("generate", "stop", "queue/resume")]
    for path in ("/api/conversations/", *paths):
        for body in (b"{", b"\xff\xfe", b"NaN", b"\x00", b"9" * 5000):
            request = {"content": body, "headers": {"Content-Type": "application/json"}}
            for rest in (person.rest, person.page):
                refused(await rest.http.post(path, **request), 400, "invalid_json")
            request["headers"] |= {"X-CSRFToken": ""}
            refused(await person.page.http.post(path, **request), 403, "csrf_failed")


async def test_who_am_i(place: Place):
    """The caller's id and name, by key and by session; 401 for nobody."""
    person, staff = await place.person(), await place.person(staff=True)
    for rest in (person.rest, person.page):
        me = ok(await rest.get("/api/me/"))
        assert me == {
            "id": person.id,
            "username": person.name,
            "is_staff": False,
            "instructions": "",
            "language": "",
            "theme": "system",
            "default_model": "",
            "may_administer": False,
            "limits": {
                "requests_per_minute": 1_000_000,
                "concurrent_requests": 1_000,
                "tokens_per_day": None,
                "tokens_per_month": None,
                "writes_per_second": 10,
                "writes_at_once": 60,
            },
            "storage": {"used_bytes": 0, "quota_bytes": 1024**3},
        }
    him = ok(await staff.rest.get("/api/me/"))
    # Without a permission the admin pages are empty.
    assert (him["is_staff"], him["may_administer"]) == (True, False)
    async with Rest(place.server.url) as nobody, Rest(place.server.url, key="cp_no") as wrong:
        for rest in (nobody, wrong):
            answer = await rest.get("/api/me/")
            refused(answer, 401, "not_authenticated")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_nothing_is_open_to_nobody(place: Place):
    """Every path under /api/ but the description asks who is there."""
    async with Rest(place.server.url) as nobody:
        for path in (
            "/api/conversations/",
            f"/api/conversations/{NOBODY}/",
            f"/api/conversations/{NOBODY}/messages/",
            f"/api/messages/{NOBODY}/",
            "/api/keys/",
            "/api/models/",
            "/api/me/",
        ):
            refused(await nobody.get(path), 401, "not_authenticated")
        for path in ("generate", "stop"):
            answer = await nobody.post(f"/api/conversations/{NOBODY}/{path}/", {})
            refused(answer, 401, "not_authenticated")
        assert (await nobody.get("/api/schema/")).status_code == 200


STRANGE = {"Host": "elsewhere.example"}
# What Django and others refuse by themselves: method, address, headers, status, code.
REFUSED = [
    *(
        ("POST", path, {}, 405, "method_not_allowed")
        for path in ("/healthz", "/readyz", "/metrics", "/api/schema/", "/api/docs/")
    ),
    ("GET", "/api/schema/", {"Accept": "image/png"}, 406, "not_acceptable"),
    ("GET", "/api/me/", STRANGE, 400, "bad_request"),
    ("GET", "/api", {}, 404, "not_found"),
    ("GET", "/api/nothing/", {}, 404, "not_found"),
]


async def refuses_in_shape(rest: Rest) -> None:
    for method, path, headers, status, code in REFUSED:
        answer = await rest.http.request(method, path, headers=headers)
        refused(answer, status, code)
        assert status != 405 or answer.headers["allow"]
    answer = await rest.http.get("/v1/models", headers=STRANGE)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


async def test_every_refusal_has_the_same_shape(daphne_place: Place):
    """Whoever refuses: our views, or those of others."""
    await refuses_in_shape((await daphne_place.person()).rest)


async def test_every_refusal_has_the_same_shape_in_development(
    own_server: Callable[..., ChatServer],
):
    """Nobody gets Django's debug page where programs call."""
    server = own_server("uvicorn", DEBUG="on")
    server.start()
    async with place_at(server) as place:
        await refuses_in_shape((await place.person()).rest)


async def test_ids_in_capital_letters(daphne_place: Place):
    """In an address as in a body."""
    person = await daphne_place.person()
    chat = await person.conversation()
    asked = ok(await person.rest.generate(chat.upper()))["user_message"]["id"]
    for path in (f"conversations/{chat.upper()}/messages", f"messages/{asked.upper()}"):
        ok(await person.rest.get(f"/api/{path}/"))
    assert ok(await person.rest.get(f"/api/chat/sessions/{chat.upper()}/"))["id"] == chat


async def test_other_peoples_things_are_not_there(place: Place):
    """404 on every call, with the same words as for what does not exist."""
    person, other = await place.person(), await place.person()
    chat = await other.conversation()
    message = ok(await other.rest.generate(chat))["message"]["id"]
    rest, page, as_json = person.rest, person.page, {"Content-Type": "application/json"}
    told = []
    for which, mine in ((chat, message), (NOBODY, NOBODY)):
        base = f"/api/conversations/{which}/"
        key = other.key_id if which == chat else NOBODY
        answers = [
            await rest.get(base),
            await rest.patch(base, {"title": "Mine now"}),
            await rest.delete(base),
            await rest.get(f"{base}messages/"),
            await rest.generate(which),
            await rest.generate(which, None, message_id=mine),
            await rest.post(f"{base}generate/", {"content": 5}),
            await rest.post(f"{base}stop/", []),
            await rest.http.post(f"{base}stop/", content=b"}{", headers=as_json),
            await rest.http.patch(base, content=b"}{", headers=as_json),
            await rest.post(f"{base}stop/", {"id": mine}),
            await rest.get(f"/api/messages/{mine}/"),
            await page.delete(f"/api/keys/{key}/"),
        ]
        told.append([refused(answer, 404, "not_found")["message"] for answer in answers])
    assert told[0] == told[1]
    assert (await other.rest.conversation(chat))["title"] == "Hello"
    assert len(await other.rest.messages(chat)) == 2


@pytest.mark.parametrize("failure", [OperationalError("database is locked"), Unavailable("Later.")])
def test_what_is_down_says_when_to_try_again(failure: Exception):
    answer = exception_handler(failure, {})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")


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


async def test_keys_from_creation_to_revocation(place: Place):
    """Shown once, listed without the secret, no good once revoked or over."""
    person = await place.person()
    made = ok(await person.page.post("/api/keys/", {"name": "laptop"}), 201)
    listed = ok(await person.page.get("/api/keys/"))["results"]
    assert [row["name"] for row in listed] == ["laptop", "test"]
    assert set(listed[0]) >= {"id", "name", "created_at", "expires_at", "last_used_at"}
    assert made["key"] not in str(listed)
    async with Rest(place.server.url, key=made["key"]) as other:
        assert ok(await other.get("/api/me/"))["id"] == person.id
        used = ok(await person.page.get("/api/keys/"))["results"][0]
        assert TIME.fullmatch(used["last_used_at"])
        assert (await person.page.delete(f"/api/keys/{made['id']}/")).status_code == 204
        refused(await other.get("/api/me/"), 401, "not_authenticated")
    for body, field in (
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "old", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "odd", "expires_at": "soon"}, "expires_at"),
        ({"name": "more", "scope": "all"}, "scope"),
    ):
        refused(await person.page.post("/api/keys/", body), 400, "validation_error", field)


async def test_every_error_has_the_one_shape(place: Place):
    """Whatever is wrong, wherever: `{"error": {"code", "message"}}`."""
    person = await place.person()
    rest, chat = person.rest, await person.conversation()
    refused(await rest.get("/api/nothing/"), 404, "not_found")
    refused(await rest.get("/api/conversations/not-an-id/"), 404, "not_found")
    refused(await rest.http.put(f"/api/conversations/{chat}/", json={}), 405, "method_not_allowed")
    refused(await rest.get(f"/api/conversations/{chat}/generate/"), 405, "method_not_allowed")
    refused(await rest.delete("/api/me/"), 405, "method_not_allowed")
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await rest.http.post(
            "/api/conversations/", content=b"x", headers={"Content-Type": kind}
        )
        refused(answer, 415, "unsupported_media_type")
    answer = await rest.http.get("/api/me/", headers={"Accept": "text/html"})
    assert answer.status_code in (200, 406)
    assert answer.headers["content-type"].startswith("application/json")


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
