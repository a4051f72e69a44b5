"""What the database holds of a session signs nobody in, and what HTTPS adds to cookies."""

import asyncio
import stat
from collections.abc import Callable

import httpx
import pytest
from django.contrib.sessions.backends.db import SessionStore as PlainStore
from django.contrib.sessions.models import Session

from conversations.people.sessions import SessionStore, row_key
from tests.conversations.people.test_accounts import PASSWORD, Browser
from tests.harness import WAIT_S
from tests.harness.place import Place, place_at
from tests.harness.server import ChatServer


@pytest.mark.usefixtures("db")
class TestStore:
    def test_the_cookie_is_not_in_the_database(self) -> None:
        store = SessionStore()
        store["a"] = 1
        store.create()
        row = Session.objects.get()
        assert row.pk == row_key(store.session_key)
        assert store.session_key not in row.session_data
        assert SessionStore(store.session_key)["a"] == 1
        assert SessionStore(row.pk).get("a") is None

    def test_changes_and_the_end(self) -> None:
        store = SessionStore()
        store["a"] = 1
        store.save()
        again = SessionStore(store.session_key)
        again["a"] = 2
        again.save()
        assert SessionStore(store.session_key)["a"] == 2
        assert again.exists(store.session_key)
        again.cycle_key()
        assert not again.exists(store.session_key)
        assert SessionStore(again.session_key)["a"] == 2
        again.flush()
        assert Session.objects.count() == 0

    def test_a_session_of_the_release_before_is_good(self) -> None:
        plain = PlainStore()
        plain["a"] = 1
        plain.create()
        store = SessionStore(plain.session_key)
        assert store["a"] == 1
        store["a"] = 2
        store.save()
        assert PlainStore(plain.session_key)["a"] == 2
        SessionStore(plain.session_key).delete()
        assert Session.objects.count() == 0


async def test_what_the_database_holds_signs_nobody_in(daphne_place: Place) -> None:
    person = await daphne_place.person()
    assert (await person.page.http.get("/api/me/")).status_code == 200
    cookies = {"sessionid": row_key(person.session)}
    async with httpx.AsyncClient(
        base_url=daphne_place.server.url, cookies=cookies, timeout=WAIT_S
    ) as thief:
        assert (await thief.get("/api/me/")).status_code == 401


async def test_the_files_are_private(own_server: Callable[..., ChatServer]) -> None:
    """Those of a new server, and those that others could read until now. A folder that was there
    before keeps its rights: it may be one that others need, such as /tmp."""
    server = own_server("daphne", SECRET_KEY="")
    server.directory.mkdir(parents=True, exist_ok=True)
    server.directory.chmod(0o1777)
    database = server.directory / "chat.sqlite3"
    await asyncio.to_thread(server.clerk, "count", model="User")
    database.chmod(0o644)
    await asyncio.to_thread(server.start)
    for path in (database, server.directory / "secret_key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o1777


async def test_cookies_behind_https(own_server: Callable[..., ChatServer]) -> None:
    """They are bound to the host and to HTTPS by their names; those of before are good, too."""
    server = own_server("daphne", HTTPS_ONLY="on")
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        person = await place.person(password=PASSWORD)
        async with Browser(server.url) as browser:
            browser.http.headers["X-Forwarded-Proto"] = "https"
            page = await browser.http.get("/signin/")
            assert "max-age=31536000" in page.headers["strict-transport-security"]
            token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
            names = "; ".join(
                f"{cookie.name}={cookie.value}" for cookie in browser.http.cookies.jar
            )
            answer = await browser.http.post(
                "/signin/",
                data={
                    "csrfmiddlewaretoken": token,
                    "username": person.name,
                    "password": PASSWORD,
                },
                headers={"Referer": server.url.replace("http:", "https:"), "Cookie": names},
            )
            assert answer.status_code == 302, answer.text
            cookies = answer.headers.get_list("set-cookie")
            session = next(cookie for cookie in cookies if cookie.startswith("__Host-sessionid="))
            assert "Secure" in session
            assert "Path=/" in session
        headers = {"X-Forwarded-Proto": "https", "Cookie": f"sessionid={person.session}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=WAIT_S) as old:
            answer = await old.get("/api/me/")
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
