"""Signing in and out, the first owner, and the commands for accounts."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.harness import WAIT_S
from tests.harness.clerk import ROOT
from tests.harness.place import Place
from tests.harness.rest import Rest, ok
from tests.harness.server import ChatServer

PASSWORD = "correct horse battery staple"
OwnServer = Callable[..., ChatServer]


class Browser:
    """What a browser does with a form: cookies kept, the hidden token sent along."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=WAIT_S)

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def submit(self, path: str, **fields: str) -> httpx.Response:
        page = await self.http.get(path)
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        token = found[1] if found else ""
        data = {"csrfmiddlewaretoken": token, **fields}
        return await self.http.post(path, data=data, headers={"Referer": self.url})

    async def sign_in(self, name: str, password: str) -> httpx.Response:
        return await self.submit("/signin/", username=name, password=password)

    async def signed_in(self) -> bool:
        return (await self.http.get("/api/me/")).status_code == 200


async def test_signing_in_and_out(place: Place):
    """With name and password one is in, leads to where one wanted, and out again."""
    person = await place.person(password=PASSWORD)
    async with Browser(place.server.url) as browser:
        away = await browser.http.get("/chat")
        assert away.status_code == 302
        assert away.headers["location"].startswith("/signin/?next=/chat")
        assert not await browser.signed_in()
        answer = await browser.submit(
            away.headers["location"], username=person.name, password=PASSWORD
        )
        assert (answer.status_code, answer.headers["location"]) == (302, "/chat")
        assert await browser.signed_in()
        cookies = answer.headers.get_list("set-cookie")
        session = next(cookie for cookie in cookies if cookie.startswith("sessionid="))
        assert "HttpOnly" in session
        assert "SameSite=Lax" in session
        token = browser.http.cookies["csrftoken"]
        assert (await browser.http.get("/signout/")).status_code == 405
        assert await browser.signed_in()
        headers = {"Referer": place.server.url, "X-CSRFToken": token}
        assert (await browser.http.post("/signout/", headers=headers)).status_code == 302
        assert not await browser.signed_in()


async def test_the_sign_in_form_of_a_second_tab_leads_on(place: Place):
    """It was opened before the first tab signed in, and its token is old: one is signed in."""
    person = await place.person(password=PASSWORD)
    async with Browser(place.server.url) as browser:
        page = (await browser.http.get("/signin/?next=/profile")).text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]  # type: ignore[index]
        form = {"csrfmiddlewaretoken": token, "username": person.name, "password": PASSWORD}
        await browser.sign_in(person.name, PASSWORD)
        for there, leads_to in (("/profile", "/profile"), ("https://elsewhere.example/", "/")):
            answer = await browser.http.post("/signin/", data={**form, "next": there})
            assert (answer.status_code, answer.headers.get("location")) == (302, leads_to)
        assert (await browser.http.post("/signout/", data=form)).status_code == 403
    async with Browser(place.server.url) as stranger:
        assert (await stranger.http.post("/signin/", data=form)).status_code == 403


async def test_a_wrong_password_says_no_more_than_a_wrong_name(place: Place):
    """Neither tells whether there is such an account."""
    person = await place.person(password=PASSWORD)
    async with Browser(place.server.url) as browser:
        errors = []
        for name in (person.name, f"{person.name}x"):
            answer = await browser.sign_in(name, "wrong password")
            assert answer.status_code == 200
            errors.append(answer.text.replace(name, "NAME"))
            assert not await browser.signed_in()
        token = re.compile(r'value="\w{64}"')
        assert token.sub("", errors[0]) == token.sub("", errors[1])


async def test_sign_in_does_not_lead_away(place: Place):
    """`next` to another site is not followed."""
    person = await place.person(password=PASSWORD)
    for target in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        async with Browser(place.server.url) as browser:
            answer = await browser.submit(
                f"/signin/?next={target}", username=person.name, password=PASSWORD, next=target
            )
            assert answer.status_code == 302
            assert "evil" not in answer.headers["location"]
            assert "javascript" not in answer.headers["location"]


async def test_trying_passwords_is_slowed_down(place: Place):
    """After ten tries for one name even the right password has to wait; others do not."""
    person, other = [await place.person(password=PASSWORD) for _ in range(2)]
    async with Browser(place.server.url) as browser:
        answers = [await browser.sign_in(person.name, f"wrong {n}") for n in range(10)]
        assert {answer.status_code for answer in answers} == {200}
        answer = await browser.sign_in(person.name.upper(), PASSWORD)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 61
        assert "Too many attempts" in answer.text
        assert (await browser.sign_in(person.name, PASSWORD)).status_code == 429
        assert (await browser.sign_in(other.name, PASSWORD)).status_code == 302


async def test_a_form_without_its_token_is_refused(place: Place):
    """403 with a page that a person understands."""
    person = await place.person(password=PASSWORD)
    async with Browser(place.server.url) as browser:
        fields = {"username": person.name, "password": PASSWORD}
        answer = await browser.http.post("/signin/", data=fields)
        assert answer.status_code == 403
        assert "reload the page" in answer.text
        assert "Traceback" not in answer.text


async def test_pages_that_are_not_there(place: Place):
    """404 as a page for people, as JSON under /api/; with the policy on both."""
    async with Browser(place.server.url) as browser:
        for path in ("/nothing", "/chat/not-an-id", "/setup/forged/"):
            answer = await browser.http.get(path)
            assert answer.status_code == 404
            assert answer.headers["content-type"].startswith("text/html")
            assert "There’s nothing at this address." in answer.text
        for path in ("/", "/signin/", "/api/me/", "/nothing"):
            answer = await browser.http.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "unsafe" not in policy


def owner_link(server: ChatServer) -> str:
    found = re.search(r"http://\S+(/setup/\S+/)", server.log)
    assert found, server.log
    return found[1]


async def test_the_first_owner_is_made_with_the_link_once(own_server: OwnServer):
    """The printed link makes the owner; forged ones do not, and it is no good a second time."""
    server = own_server("daphne")
    server.start()
    link = owner_link(server)
    fields = {"username": "ada", "password1": PASSWORD, "password2": PASSWORD}
    async with Browser(server.url) as browser, Browser(server.url) as late:
        assert (await browser.http.get("/signin/")).status_code == 200
        assert link not in (await browser.http.get("/signin/")).text
        for forged in (link[:-2] + "x/", "/setup/owner/", "/setup/Im93bmVyIg:1:x/"):
            assert (await browser.http.get(forged)).status_code == 404
            assert (await browser.http.post(forged, data=fields)).status_code in (403, 404)
        for wrong in (
            {"password2": "another"},
            {"password1": "short", "password2": "short"},
            {"username": "not ok"},
            {"username": ""},
        ):
            assert (await browser.submit(link, **{**fields, **wrong})).status_code == 400
        assert server.clerk("count", model="User") == 0
        await late.http.get(link)
        assert (await browser.submit(link, **fields)).status_code == 302
        me = ok(await browser.http.get("/api/me/"))
        assert (me["username"], me["is_staff"]) == ("ada", True)
        data = {**fields, "username": "eve", "csrfmiddlewaretoken": late.http.cookies["csrftoken"]}
        answer = await late.http.post(link, data=data, headers={"Referer": server.url})
        assert (answer.status_code, answer.headers["location"]) == (302, "/signin/")
        assert server.clerk("count", model="User") == 1
        told = await late.http.get(link, follow_redirects=True)
        assert "has an account already, so the link does nothing" in told.text
    server.terminate()
    server.start()
    assert server.log.count("one-time link") == 1


async def test_two_at_once_with_the_link_make_one_owner(own_server: OwnServer):
    """Whoever is second finds the account made."""
    server = own_server("daphne")
    server.start()
    link = owner_link(server)

    async def make(name: str) -> int:
        async with Browser(server.url) as browser:
            fields = {"username": name, "password1": PASSWORD, "password2": PASSWORD}
            return (await browser.submit(link, **fields)).status_code

    codes = await asyncio.gather(*(make(f"ada{number}") for number in range(6)))
    assert server.clerk("count", model="User", is_superuser=True) == 1
    assert server.clerk("count", model="User") == 1
    assert 302 in codes


def manage(
    place: Place, *arguments: str, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**place.server.environment, **variables},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_the_commands_for_accounts(daphne_place: Place):
    """createuser reads the password, createkey prints the key alone; both work at once."""
    place = daphne_place
    name = f"cli{place.server.port}"
    made = manage(place, "createuser", name, "--password-stdin", "--staff", stdin=f"{PASSWORD}\n")
    assert (made.returncode, made.stdout) == (0, "")
    printed = manage(place, "createkey", name, "--label", "script")
    assert re.fullmatch(r"cp_\S{40,}\n", printed.stdout)
    async with Rest(place.server.url, key=printed.stdout.strip()) as rest:
        me = ok(await rest.get("/api/me/"))
        assert (me["username"], me["is_staff"]) == (name, True)
    async with Browser(place.server.url) as browser:
        assert (await browser.sign_in(name, PASSWORD)).status_code == 302


async def test_a_command_may_come_before_the_first_start(daphne_place: Place, tmp_path: Path):
    """The database is made ready by whoever comes first."""
    database = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    assert manage(daphne_place, "createuser", "first", DATABASE_URL=database).returncode == 0
    printed = manage(daphne_place, "createkey", "first", DATABASE_URL=database)
    assert printed.stdout.startswith("cp_"), printed.stderr


async def test_an_account_of_a_script_needs_no_password(daphne_place: Place):
    """Where nobody could type one: its keys work, and nobody can sign in."""
    place = daphne_place
    name = f"bot{place.server.port}"
    made = manage(place, "createuser", name)
    assert made.returncode == 0
    assert "without a password" in made.stderr
    key = manage(place, "createkey", name).stdout.strip()
    async with Rest(place.server.url, key=key) as rest:
        assert ok(await rest.get("/api/me/"))["username"] == name
    async with Browser(place.server.url) as browser:
        assert (await browser.sign_in(name, "")).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["createuser", "no spaces", "--password-stdin"], PASSWORD, "username"),
        (["createuser", "fine", "--password-stdin"], "", "empty"),
        (["createkey", "nobody-of-this-name"], "", "Account not found"),
    ],
)
async def test_a_command_that_cannot_says_why(daphne_place: Place, arguments, stdin, said):
    """One sentence, an exit status, and no traceback."""
    run = manage(daphne_place, *arguments, stdin=stdin)
    assert run.returncode != 0
    assert said in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
