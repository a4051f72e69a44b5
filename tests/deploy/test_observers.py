"""Probes ask by address and learn whether, observers learn why; one setting says where people reach
the server."""

from collections.abc import Callable

import httpx
import pytest

from tests.harness.place import place_at
from tests.harness.rest import Rest
from tests.harness.server import ChatServer

# What a proxy on this machine adds: without it, a request from here is an observer's.
FROM_ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}
TOKEN = "a token of some length"
AT = {"Host": "chat.example.org", "X-Forwarded-Proto": "https"}


@pytest.fixture
def public(own_server: Callable[..., ChatServer]) -> ChatServer:
    """A running server that is reached by HTTPS under a name, and watched by a program."""
    server = own_server("uvicorn", PUBLIC_URL="https://chat.example.org/", METRICS_TOKEN=TOKEN)
    server.start()
    return server


async def test_who_may_observe(public: ChatServer):
    """This machine, staff, and a program with the token: all others learn nothing but whether the
    server can serve, and learn that under any name."""
    async with place_at(public) as place:
        staff, person = await place.person(staff=True), await place.person()
        async with Rest(public.url) as nobody:

            async def ask(path: str, **headers: str) -> httpx.Response:
                given = {name.replace("_", "-"): value for name, value in headers.items()}
                everything = {"Host": "10.1.2.3:8000", **FROM_ELSEWHERE, **given}
                return await nobody.http.get(path, headers=everything)

            assert (await ask("/healthz")).json() == {"status": "ok"}
            assert (await ask("/readyz")).json() == {"status": "ok"}
            assert (await ask("/chat", X_Forwarded_Proto="https")).status_code == 400
            for refused in (
                {},
                {"Authorization": "Bearer wrong"},
                {"Authorization": f"Bearer {person.key}"},
                {"Cookie": f"sessionid={person.session}"},
            ):
                assert (await ask("/metrics", **refused)).status_code == 403
                assert "checks" not in (await ask("/readyz", **refused)).json()
            for observer in (
                {"Authorization": f"Bearer {TOKEN}"},
                {"Authorization": f"Bearer {staff.key}"},
                {"Cookie": f"sessionid={staff.session}"},
            ):
                assert "chat_replies_running" in (await ask("/metrics", **observer)).text
                assert (await ask("/readyz", **observer)).json()["checks"]["database"] == "ok"
            here = await nobody.http.get("/metrics", headers={"Host": "127.0.0.1"})
            assert "chat_replies_running" in here.text


async def test_what_follows_from_the_public_address(public: ChatServer):
    """Its name is known, cookies are for HTTPS alone, plain HTTP is sent there, its pages may send
    forms, and the command for the owner's link prints it."""
    async with Rest(public.url) as nobody:
        page = await nobody.http.get("/signin/", headers=AT)
        plain = await nobody.http.get("/signin/", headers=AT | {"X-Forwarded-Proto": "http"})
        assert page.status_code == 200
        assert (plain.status_code, plain.headers["location"]) == (
            301,
            "https://chat.example.org/signin/",
        )
        async with place_at(public) as place:
            person = await place.person(password="correct horse battery")
            token = "a" * 32
            answer = await nobody.http.post(
                "/signin/",
                headers=AT | {"Origin": "https://chat.example.org", "Cookie": f"csrftoken={token}"},
                data={
                    "username": person.name,
                    "password": "correct horse battery",
                    "csrfmiddlewaretoken": token,
                },
            )
        assert answer.status_code == 302
        assert "Secure" in answer.headers["set-cookie"]


def test_the_owner_s_link_is_at_the_public_address(own_server: Callable[..., ChatServer]):
    """As `make run` prints it."""
    server = own_server("daphne", PUBLIC_URL="http://chat.home:8080")
    server.start()
    assert "  http://chat.home:8080/setup/" in server.log
