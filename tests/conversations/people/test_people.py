"""Staff and the accounts of others: invitations, approval, deactivation, new passwords, limits."""

import asyncio
import re

import pytest

from conversations.errors import Conflict, InvalidInput
from conversations.people import invitations
from conversations.people import services as people
from tests.conftest import Servers
from tests.conversations.people.test_accounts import PASSWORD, Browser
from tests.harness.place import Person, Place, place_at
from tests.harness.rest import Rest, ok, refused

NEW = {"password1": PASSWORD, "password2": PASSWORD}


async def owner_of(place: Place) -> Person:
    owner = await place.person(staff=True)
    await place.clerk("allow", model="User", row_id=owner.id, is_superuser=True)
    return owner


async def invited(staff: Person, **fields: object) -> tuple[str, str]:
    """The id of a new invitation and the path of its link."""
    made = ok(await staff.page.post("/api/invitations/", fields), 201)
    server = staff.place.last.url
    assert made["url"].startswith(f"{server}/invite/")
    return made["id"], made["url"].removeprefix(server)


async def test_an_invitation_makes_one_account(place: Place):
    """However many come at once; and what is wrong with the form does not use it up."""
    staff = await place.person(staff=True)
    invitation, link = await invited(staff, name="Ada & Co")
    listed = ok(await staff.page.get("/api/invitations/"))["results"]
    row = next(row for row in listed if row["id"] == invitation)
    assert (row["name"], row["is_staff"], "url" in row) == ("Ada & Co", False, False)
    assert link.rpartition("/")[2] not in str(listed)
    names = [f"i{invitation[-8:]}{number}" for number in range(5)]

    async def join(name: str) -> int:
        async with Browser(place.server.url) as browser:
            answer = await browser.submit(link, username=name, **NEW)
            if answer.status_code == 302:
                me = ok(await browser.http.get("/api/me/"))
                assert (me["username"], me["is_staff"]) == (name, False)
            return answer.status_code

    async with Browser(place.server.url) as browser:
        for wrong in ({"username": staff.name}, {"password1": "1", "password2": "1"}):
            answer = await browser.submit(link, **{"username": names[0], **NEW, **wrong})
            assert answer.status_code == 400
    codes = await asyncio.gather(*map(join, names))
    assert sorted(codes)[:1] == [302]
    assert set(codes) - {302} <= {404, 403}
    made = await asyncio.gather(*(place.clerk("count", model="User", username=n) for n in names))
    assert sum(made) == 1
    async with Browser(place.server.url) as late:
        assert "used or has expired" in (await late.http.get(link)).text


async def test_invitations_end(daphne_place: Place):
    """By themselves, or withdrawn."""
    staff = await daphne_place.person(staff=True)
    first, over = await invited(staff, days=1)
    second, withdrawn = await invited(staff)
    past = "2020-01-01T00:00Z"
    await daphne_place.clerk("allow", model="Invitation", row_id=first, expires_at=past)
    assert (await staff.page.delete(f"/api/invitations/{second}/")).status_code == 204
    refused(await staff.page.delete(f"/api/invitations/{second}/"), 404, "not_found")
    for link in (over, withdrawn, "/invite/made-up"):
        async with Browser(daphne_place.server.url) as browser:
            assert (await browser.http.get(link)).status_code == 404
    listed = ok(await staff.page.get("/api/invitations/"))["results"]
    assert not {first, second} & {row["id"] for row in listed}


async def test_people_are_for_staff(daphne_place: Place):
    """In a session: a key could give itself more. To others the page is not there."""
    staff, person = await daphne_place.person(staff=True), await daphne_place.person()
    one = f"/api/people/{person.id}/"
    async with Rest(daphne_place.server.url) as nobody:
        for rest, status, code in (
            (person.page, 403, "staff_only"),
            (staff.rest, 403, "missing_scope"),
            (nobody, 401, "not_authenticated"),
        ):
            for answer in (
                await rest.get("/api/people/"),
                await rest.get("/api/invitations/"),
                await rest.post("/api/invitations/", {}),
                await rest.patch(one, {"is_active": False}),
                await rest.post(f"{one}reset-password/"),
            ):
                refused(answer, status, code)
    assert (await person.page.get("/people")).status_code == 404
    assert (await person.page.http.post("/people/invite", data={"days": 1})).status_code == 404
    assert (await staff.page.get("/people")).status_code == 200
    found = ok(await staff.page.get(one))
    assert found.items() >= {"username": person.name, "is_active": True}.items()
    assert found["last_seen_at"] is None
    ok(await person.rest.get("/api/me/"))
    assert ok(await staff.page.get(one))["last_seen_at"] is not None


async def test_only_the_owner_changes_staff(daphne_place: Place):
    """And nobody themselves, or an owner."""
    place = daphne_place
    owner, staff, other = await owner_of(place), *[await place.person(staff=True) for _ in "ab"]
    path = f"/api/people/{other.id}/"
    for answer in (
        await staff.page.patch(path, {"is_active": False}),
        await staff.page.patch(path, {"tokens_per_day": 1}),
        await staff.page.post(f"{path}reset-password/"),
        await staff.page.post("/api/invitations/", {"is_staff": True}),
        await staff.page.post("/api/people/", {"username": "s" + path[-9:-1], "is_staff": True}),
    ):
        refused(answer, 403, "staff_only")
    for who in (staff, owner):
        answer = await who.page.patch(f"/api/people/{who.id}/", {"is_active": False})
        assert answer.status_code in (400, 403)
    changed = ok(await owner.page.patch(path, {"is_staff": False}))
    assert changed["is_staff"] is False
    ok(await staff.page.patch(path, {"is_active": False}))
    _, link = await invited(owner, is_staff=True)
    async with Browser(place.server.url) as browser:
        assert (await browser.submit(link, username=f"n{path[-9:-1]}", **NEW)).status_code == 302
        assert ok(await browser.http.get("/api/me/"))["is_staff"] is True


async def test_what_runs_with_a_deactivated_account_ends(place: Place):
    """Sockets, replies, sessions and keys, at once; until it is activated again."""
    staff, person = await place.person(staff=True), await place.person()
    chat = await person.conversation()
    place.ollama.gate("a")
    async with person.socket(chat) as by_key, person.page_socket(chat) as by_session:
        await by_key.ask(model="gate:id=a,n=5")
        start = await by_key.next("message_start")
        path = f"/api/people/{person.id}/"
        ok(await staff.page.patch(path, {"is_active": False}))
        assert [await one.closed() for one in (by_key, by_session)] == [4401, 4401]
    for rest in (person.rest, person.page):
        refused(await rest.get("/api/me/"), 401, "not_authenticated")
    await place.settle()
    row = await place.clerk("row", message_id=start["id"])
    assert row["status"] == "stopped"
    ok(await staff.page.patch(path, {"is_active": True}))
    ok(await person.rest.get("/api/me/"))


async def test_a_new_password_by_a_link(daphne_place: Place):
    """Once; it ends the sessions that there are. A new account gets its first password so."""
    staff, person = await daphne_place.person(staff=True), await daphne_place.person()
    server = daphne_place.server.url
    told = ok(await staff.page.post(f"/api/people/{person.id}/reset-password/"))
    name = f"new{person.name}"
    made = ok(await staff.page.post("/api/people/", {"username": name}), 201)
    assert (made["username"], made["is_staff"]) == (name, False)
    for link, who in ((told["url"], person.name), (made["url"], name)):
        path = link.removeprefix(server)
        async with Browser(server) as browser:
            assert (await browser.submit(path, password1="1", password2="1")).status_code == 400
            assert (await browser.submit(path, **NEW)).status_code == 302
            assert ok(await browser.http.get("/api/me/"))["username"] == who
            assert (await browser.http.get(path)).status_code == 404
        async with Browser(server) as browser:
            assert (await browser.http.get(f"{path}x")).status_code == 404
            assert (await browser.sign_in(who, PASSWORD)).status_code == 302
    refused(await person.page.get("/api/me/"), 401, "not_authenticated")
    refused(
        await staff.page.post("/api/people/", {"username": "no good"}),
        400,
        "validation_error",
        "username",
    )


async def test_limits_of_a_person(daphne_place: Place):
    """Null for the usual ones."""
    staff, person = await daphne_place.person(staff=True), await daphne_place.person()
    path = f"/api/people/{person.id}/"
    changed = ok(await staff.page.patch(path, {"tokens_per_day": 5, "requests_per_minute": 0}))
    assert (changed["tokens_per_day"], changed["requests_per_minute"]) == (5, 0)
    limits = ok(await person.rest.get("/api/me/"))["limits"]
    assert (limits["tokens_per_day"], limits["requests_per_minute"]) == (5, None)
    ok(await person.rest.generate(await person.conversation()))
    refused(await person.rest.generate(await person.conversation()), 429, "budget_spent")
    form = {"tokens_per_day": "", "concurrent_requests": "7"}
    answer = await staff.page.http.post(f"/people/{person.id}/limits", data=form)
    assert answer.status_code == 302
    limits = ok(await person.rest.get("/api/me/"))["limits"]
    assert (limits["tokens_per_day"], limits["concurrent_requests"]) == (None, 7)
    for wrong in (-1, 1.5, "5", 2**60):
        answer = await staff.page.patch(path, {"tokens_per_day": wrong})
        refused(answer, 400, "validation_error", "tokens_per_day")


async def test_the_page_of_people(daphne_place: Place):
    """What it shows, and each of its forms. Links are shown once."""
    place = daphne_place
    staff, person = await place.person(staff=True), await place.person()
    page = staff.page.http
    shown = await page.post("/people/invite", data={"name": "<b>Ada", "days": 2})
    link = re.search(r"(/invite/[\w-]{43})", shown.text)[1]
    assert "&lt;b&gt;Ada" in shown.text
    again = (await page.get("/people")).text
    assert link not in again
    assert (await page.post("/people/invite", data={"days": 99})).status_code == 400
    withdraw = re.search(r'action="(/people/invite/[\w-]+/withdraw)"', again)[1]
    assert (await page.post(withdraw)).status_code == 302
    assert person.name in again
    reset = await page.post(f"/people/{person.id}/reset")
    assert re.search(r"/reset/\w+/[\w-]+", reset.text)
    for active, status in (("off", 401), ("on", 200)):
        await page.post(f"/people/{person.id}/active", data={"active": active})
        assert (await person.rest.get("/api/me/")).status_code == status
    await page.post(f"/people/{staff.id}/active", data={"active": "off"})
    assert "Only the owner" in (await page.get("/people")).text
    answer = await page.post(f"/people/{person.id}/refuse")
    assert (answer.status_code, (await person.rest.get("/api/me/")).status_code) == (302, 200)


async def test_strangers_ask_for_an_account_where_they_may(servers: Servers):
    """It waits for approval; too many tries have to wait."""
    server = servers("uvicorn", "limited")
    async with place_at(server) as place, Browser(server.url) as browser:
        staff = await place.person(staff=True)
        good, bad = f"good{staff.name}", f"bad{staff.name}"
        assert "/signup" in (await browser.http.get("/signin/")).text
        for name in (good, bad):
            answer = await browser.submit("/signup", username=name, **NEW)
            assert "Request sent" in answer.text
            answer = await browser.sign_in(name, PASSWORD)
            assert (answer.status_code, "not approved yet" in answer.text) == (403, True)
            answer = await browser.sign_in(name, "wrong")
            assert (answer.status_code, "not approved yet" in answer.text) == (200, False)
        page = (await staff.page.get("/people")).text
        assert page.index("Waiting for approval") < page.index(good) < page.index("Accounts")
        rows = ok(await staff.page.get("/api/people/"))["results"]
        waiting = {row["username"]: row["id"] for row in rows if row["awaits_approval"]}
        assert set(waiting) >= {good, bad}
        approved = ok(await staff.page.patch(f"/api/people/{waiting[good]}/", {"is_active": True}))
        assert (approved["awaits_approval"], approved["is_active"]) == (False, True)
        await staff.page.http.post(f"/people/{waiting[bad]}/refuse")
        refused(await staff.page.delete(f"/api/people/{waiting[good]}/"), 409, "conflict")
        assert (await browser.sign_in(bad, PASSWORD)).status_code == 200
        assert (await browser.sign_in(good, PASSWORD)).status_code == 302
        async with Browser(server.url) as stranger:
            answers = [await stranger.submit("/signup", username=good, **NEW) for _ in range(10)]
        assert [answer.status_code for answer in answers] == [400] * 8 + [429] * 2
        assert int(answers[-1].headers["retry-after"]) > 0


async def test_else_strangers_may_not_ask(daphne_place: Place):
    async with Browser(daphne_place.server.url) as browser:
        assert (await browser.http.get("/signup")).status_code == 404
        assert (await browser.submit("/signup", username="x", **NEW)).status_code in (403, 404)
        assert "/signup" not in (await browser.http.get("/signin/")).text


def test_who_asks_is_bounded(db: None, monkeypatch: pytest.MonkeyPatch):
    """And nobody comes before the owner, whose account the first would be."""
    with pytest.raises(Conflict):
        invitations.ask_for_account(username="early", password=PASSWORD)
    people.create_user(username="owner", password=None)
    monkeypatch.setattr(invitations, "MOST_OPEN", 2)
    for name in ("a", "b"):
        invitations.ask_for_account(username=name, password=PASSWORD)
    with pytest.raises(Conflict):
        invitations.ask_for_account(username="c", password=PASSWORD)
    with pytest.raises(InvalidInput):
        people.create_user(username="a", password=PASSWORD)
