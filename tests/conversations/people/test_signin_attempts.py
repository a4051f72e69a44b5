"""Guessing passwords is slow, wherever one is asked for, and locks nobody out."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from conversations.people import signin_attempts
from conversations.people.signin_attempts import (
    FIRST_WAIT,
    FREE,
    HOUR,
    OF_ADDRESS,
    PER_ACCOUNT,
    SPAN,
)
from tests.conftest import Servers
from tests.conversations.people.test_accounts import PASSWORD, Browser
from tests.harness.place import Place, place_at
from tests.harness.postgresql import PostgreSQL
from tests.harness.server import ChatServer, Kind


@pytest.fixture
async def one_place(servers: Servers, kind: Kind) -> AsyncIterator[Place]:
    """The usual server, on daphne and on uvicorn."""
    async with place_at(servers(kind, "usual")) as place:
        yield place


def request(address: str = "192.0.2.1", **cookies: str) -> HttpRequest:
    made = HttpRequest()
    made.META["REMOTE_ADDR"] = address
    made.COOKIES.update(cookies)
    return made


class TestCounting:
    """The counters alone, with a time that the test sets."""

    @pytest.fixture(autouse=True)
    def given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cache.clear()
        self.now = 1_000_000.0
        monkeypatch.setattr("time.time", lambda: self.now)

    def tries(self, count: int, name: str = "ada", address: str = "192.0.2.1") -> list[int]:
        return [signin_attempts.wait(request(address), name) for _ in range(count)]

    def test_each_further_try_waits_longer(self) -> None:
        assert self.tries(FREE) == [0] * FREE
        waits = []
        for _ in range(8):
            seconds = self.tries(1)[0]
            assert seconds > 0
            waits.append(seconds)
            self.now += seconds
            assert self.tries(1) == [0]
        assert waits[0] == FIRST_WAIT
        assert waits[:5] == [FIRST_WAIT * 2**n for n in range(5)]
        assert waits[-1] == SPAN

    def test_a_right_password_ends_it(self) -> None:
        self.tries(FREE)
        signin_attempts.forget(request(), "ada")
        assert self.tries(FREE) == [0] * FREE

    @pytest.mark.parametrize("name", ["ADA", " ada ", "a d a", "ａｄａ", "Ａda"])
    def test_spellings_of_a_name_are_one(self, name: str) -> None:
        self.tries(FREE, name)
        assert self.tries(1)[0] > 0

    def test_others_do_not_wait(self) -> None:
        self.tries(FREE + 5)
        assert self.tries(1, "bob") == [0]
        assert self.tries(1, "ada", "192.0.2.2") == [0]

    def test_an_account_has_a_limit_over_all_addresses(self) -> None:
        for number in range(PER_ACCOUNT):
            assert self.tries(1, "ada", f"10.0.{number // 250}.{number % 250}") == [0]
        assert self.tries(1, "ada", "10.9.9.9")[0] > 0
        # A browser that has signed in before is let through, for its account alone.
        response = HttpResponse()
        signin_attempts.remember_device(request(), response, "Ada")
        cookie = response.cookies[signin_attempts.KNOWN_COOKIE].value
        known = request("10.8.8.8", **{signin_attempts.KNOWN_COOKIE: cookie})
        assert signin_attempts.wait(known, "ada") == 0
        forged = request("10.7.7.7", **{signin_attempts.KNOWN_COOKIE: cookie[:-1] + "x"})
        assert signin_attempts.wait(forged, "ada") > 0

    def test_an_address_has_a_limit_over_all_names(self) -> None:
        """Each check of a password keeps a processor busy."""
        waits = [self.tries(1, f"name{number}")[0] for number in range(OF_ADDRESS.most + 1)]
        assert waits[:-1] == [0] * OF_ADDRESS.most
        assert waits[-1] > 0
        assert self.tries(1, "ada", "192.0.2.2") == [0]
        self.now += waits[-1]
        assert self.tries(1, "eve") == [0]

    def test_an_address_is_not_what_a_client_says(self, settings: object) -> None:
        made = request("127.0.0.1")
        made.META["HTTP_X_FORWARDED_FOR"] = "203.0.113.9, 198.51.100.7"
        settings.TRUSTED_PROXIES = 0  # type: ignore[attr-defined]
        assert signin_attempts.address_of(made) == "127.0.0.1"
        settings.TRUSTED_PROXIES = 1  # type: ignore[attr-defined]
        assert signin_attempts.address_of(made) == "198.51.100.7"
        settings.TRUSTED_PROXIES = 3  # type: ignore[attr-defined]
        assert signin_attempts.address_of(made) == "127.0.0.1"

    def test_a_network_of_ipv6_is_one_address(self) -> None:
        assert signin_attempts.address_of(request("2001:db8::1:2")) == "2001:db8::/64"

    def test_keys_of_the_cache_are_short_and_plain(self) -> None:
        """A long or odd name or address gets into no key: Django would warn of each."""
        odd = request("\r\n" + "x" * 5000)
        assert signin_attempts.wait(odd, "🙂 \0" * 5000) == 0
        assert all(len(key) < 100 and key.isascii() for key in cache._cache)

    def test_an_hour_is_an_hour(self) -> None:
        assert HOUR == 3600


async def test_a_written_address_does_not_help(one_place: Place) -> None:
    """Nor does another spelling of the name."""
    person = await one_place.person(password=PASSWORD)
    async with Browser(one_place.server.url) as browser:
        for number in range(FREE):
            browser.http.headers["X-Forwarded-For"] = f"203.0.113.{number}"
            answer = await browser.sign_in(f" {person.name.upper()}", f"wrong {number}")
            assert answer.status_code == 200
        browser.http.headers["X-Forwarded-For"] = "203.0.113.99"
        answer = await browser.sign_in(person.name, PASSWORD)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= FIRST_WAIT


async def test_tries_at_once_are_counted(one_place: Place) -> None:
    """Forty at the same moment are no more than eleven one after the other."""
    person = await one_place.person(password=PASSWORD)
    async with Browser(one_place.server.url) as browser:
        page = await browser.http.get("/signin/")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        data = {"csrfmiddlewaretoken": token, "username": person.name}

        async def guess(number: int) -> int:
            answer = await browser.http.post(
                "/signin/",
                data={**data, "password": f"wrong {number}"},
                headers={"Referer": browser.url},
            )
            return answer.status_code

        statuses = await asyncio.gather(*(guess(number) for number in range(40)))
    assert statuses.count(200) <= FREE + 1
    assert statuses.count(429) >= 40 - FREE - 1


async def test_the_admin_asks_for_no_password_of_its_own(daphne_place: Place) -> None:
    async with Browser(daphne_place.server.url) as browser:
        answer = await browser.http.get("/admin/login/?next=/admin/")
        assert answer.status_code == 302
        assert answer.headers["location"] == "/signin/?next=/admin/"
        answer = await browser.http.post("/admin/login/", data={"username": "a", "password": "b"})
        assert answer.status_code in (302, 403)


async def test_the_current_password_is_not_guessed_either(daphne_place: Place) -> None:
    person = await daphne_place.person(password=PASSWORD)
    async with Browser(daphne_place.server.url) as browser:
        await browser.sign_in(person.name, PASSWORD)
        new = {"new_password1": "another long one 7", "new_password2": "another long one 7"}
        for number in range(FREE):
            answer = await browser.http.get("/profile")
            token = answer.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
            fields = {"csrfmiddlewaretoken": token, "old_password": f"wrong {number}", **new}
            answer = await browser.http.post(
                "/profile/password", data=fields, headers={"Referer": browser.url}
            )
            assert answer.status_code == 400
        fields["old_password"] = PASSWORD
        answer = await browser.http.post(
            "/profile/password", data=fields, headers={"Referer": browser.url}
        )
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0


async def test_failures_are_told(daphne_place: Place) -> None:
    """To the log, without the name that was tried, and to the account at its next sign-in."""
    person = await daphne_place.person(password=PASSWORD)
    async with Browser(daphne_place.server.url) as browser:
        await browser.sign_in(person.name, "wrong")
        await browser.sign_in(person.name, "wrong")
        await browser.sign_in("nobody-of-this-name", "wrong")
        assert (await browser.sign_in(person.name, PASSWORD)).status_code == 302
        page = await browser.http.get("/")
        assert "2 attempts to sign in to your account failed" in page.text
        assert "attempts to sign in" not in (await browser.http.get("/")).text
    log = daphne_place.server.log
    assert f"sign-in failed user={person.id}" in log
    assert "nobody-of-this-name" not in log


async def test_one_link_makes_one_owner(
    own_server: Callable[..., ChatServer], postgresql: PostgreSQL
) -> None:
    """Used eight times at once, on a database in which writers do not wait for each other."""
    server = own_server("uvicorn", DATABASE_URL=postgresql.database())
    server.start()
    link = await asyncio.to_thread(server.clerk, "setup_path")
    browsers = [Browser(server.url) for _ in range(8)]

    async def create(browser: Browser, number: int) -> int:
        answer = await browser.submit(
            link, username=f"owner{number}", password1=PASSWORD, password2=PASSWORD
        )
        return answer.status_code

    await asyncio.gather(*(create(browser, n) for n, browser in enumerate(browsers)))
    for browser in browsers:
        await browser.http.aclose()
    assert await asyncio.to_thread(server.clerk, "count", model="User") == 1
