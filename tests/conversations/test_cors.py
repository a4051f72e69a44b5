"""Pages of other origins: those that are named may use the API with a key, and no other."""

import httpx
import pytest

from tests.harness import WAIT_S
from tests.harness.place import Place
from tests.harness.rest import ok

OURS = "https://app.example.com"
THEIRS = "https://evil.example"
PATHS = ("/api/conversations/", "/v1/chat/completions")
# What OpenAI's client sends from a browser.
HEADERS = "authorization,content-type,x-stainless-lang,x-stainless-retry-count"


def allowed(response: httpx.Response) -> dict[str, str]:
    """The headers that tell a browser what a page may."""
    found = response.headers.items()
    return {name: value for name, value in found if name.startswith("access-control-")}


async def preflight(place: Place, path: str, origin: str) -> httpx.Response:
    person = await place.person()
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": HEADERS,
    }
    async with httpx.AsyncClient(
        base_url=place.server.url, trust_env=False, timeout=WAIT_S
    ) as browser:
        assert person.key not in headers.values()
        return await browser.options(path, headers=headers)


@pytest.mark.parametrize("path", PATHS)
async def test_a_named_origin_may_ask(limited_place: Place, path: str):
    """The preflight, which no browser signs, is answered; and never for cookies."""
    answer = await preflight(limited_place, path, OURS)
    assert answer.status_code == 200
    found = allowed(answer)
    assert found["access-control-allow-origin"] == OURS
    assert "POST" in found["access-control-allow-methods"]
    named = found["access-control-allow-headers"].split(", ")
    assert set(HEADERS.split(",")) <= set(named)
    assert "access-control-allow-credentials" not in found


@pytest.mark.parametrize("origin", [THEIRS, "null", "https://app.example.com.evil.example"])
async def test_no_other_origin_may(limited_place: Place, origin: str):
    """Neither the preflight nor the answer says yes."""
    for path in PATHS:
        assert "access-control-allow-origin" not in allowed(
            await preflight(limited_place, path, origin)
        )
    person = await limited_place.person()
    answer = await person.rest.http.get("/api/me/", headers={"Origin": origin})
    assert allowed(answer) == {}


async def test_answers_can_be_read_there(limited_place: Place):
    """Also those that refuse, and when to try again."""
    person = await limited_place.person()
    found = await person.rest.http.get("/api/me/", headers={"Origin": OURS})
    assert ok(found)["username"] == person.name
    assert allowed(found)["access-control-allow-origin"] == OURS
    assert "Retry-After" in allowed(found)["access-control-expose-headers"]
    assert "origin" in found.headers["vary"]
    missing = await person.rest.http.get(
        "/api/conversations/00000000-0000-0000-0000-000000000000/", headers={"Origin": OURS}
    )
    assert allowed(missing)["access-control-allow-origin"] == OURS


async def test_a_cookie_from_there_changes_nothing(limited_place: Place):
    """A page of a named origin is still not ours: a session needs its CSRF token and Origin."""
    person = await limited_place.person()
    headers = {"Origin": OURS}
    answer = await person.page.http.post("/api/conversations/", json={}, headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-credentials" not in allowed(answer)


async def test_pages_are_not_shared(limited_place: Place):
    """Only the API is."""
    person = await limited_place.person()
    for path in ("/profile", "/signin/", "/metrics"):
        answer = await person.page.http.get(path, headers={"Origin": OURS})
        assert allowed(answer) == {}


async def test_by_default_nobody_may(daphne_place: Place):
    """Without the setting there is no such header at all."""
    for origin in (OURS, "http://localhost:3000"):
        for path in PATHS:
            found = allowed(await preflight(daphne_place, path, origin))
            assert "access-control-allow-origin" not in found
