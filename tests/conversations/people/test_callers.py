"""Who may call REST, and what is there for whom."""

from tests.harness.place import Place
from tests.harness.rest import Rest, ok, refused

NOBODY = "01900000-0000-7000-8000-000000000001"


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
