"""How REST refuses: in one shape, whoever refuses."""

from collections.abc import Callable

import pytest
from django.db import OperationalError

from conversations.errors import Unavailable
from conversations.exception_handler import exception_handler
from tests.harness.place import Place, place_at
from tests.harness.rest import Rest, refused
from tests.harness.server import ChatServer

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


@pytest.mark.parametrize("failure", [OperationalError("database is locked"), Unavailable("Later.")])
def test_what_is_down_says_when_to_try_again(failure: Exception):
    answer = exception_handler(failure, {})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
