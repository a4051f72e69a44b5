"""What is no request at all: bodies, methods and addresses that nobody can do anything with."""

import json
from typing import Any

import pytest

from tests.harness.place import Place
from tests.scripted.ollama import entry
from tests.streaming.v1.client import body, complete, post, refused


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"a": "\\ud800"}', b"[" * 100_000, b"NaN"])
async def test_a_body_that_is_no_json(daphne_place: Place, data: bytes) -> None:
    person = await daphne_place.person()
    response = await person.rest.http.post("/v1/chat/completions", content=data)
    refused(response, 400, "invalid_json")


async def test_a_body_that_is_a_broken_form(place: Place) -> None:
    """Every door says so itself, whatever the server program makes of forms."""
    person = await place.person()
    broken = {"content": b"no boundary", "headers": {"Content-Type": "multipart/form-data"}}
    response = await person.rest.http.post("/v1/chat/completions", **broken)
    refused(response, 400, "invalid_json")
    response = await person.rest.http.post("/api/conversations/", **broken)
    assert response.json()["error"]["code"]
    response = await person.page.http.post("/signin/", **broken)
    assert (response.status_code, response.headers["content-type"]) == (
        400,
        "text/html; charset=utf-8",
    )


@pytest.mark.parametrize("data", [[], "x", 7, None])
async def test_a_body_that_is_no_object(daphne_place: Place, data: Any) -> None:
    person = await daphne_place.person()
    response = await person.rest.http.post("/v1/chat/completions", content=json.dumps(data))
    refused(response, 400, "validation_error", "body")


async def test_a_body_that_is_too_large(place: Place) -> None:
    """Room for images, and not for more: announced or not."""
    person = await place.person()
    await complete(
        person, messages=[{"role": "user", "content": "x" * 8_000}], junk="y" * 9_000_000
    )
    large = json.dumps({"junk": "x" * 20_000_001}).encode()

    async def pieces() -> Any:
        for start in range(0, len(large), 1_000_000):
            yield large[start : start + 1_000_000]

    for content in (large, pieces()):
        response = await person.rest.http.post("/v1/chat/completions", content=content)
        refused(response, 413, "too_large")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/models", "GET"),
        ("POST", "/v1/models/normal", "GET"),
        ("PUT", "/v1/embeddings", "POST"),
    ],
)
async def test_a_wrong_method(daphne_place: Place, method: str, path: str, allowed: str) -> None:
    person = await daphne_place.person()
    response = await person.rest.http.request(method, path)
    refused(response, 405, "method_not_allowed")
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/files", "/v1/chat/completions//", "/v1/x/y"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_address(daphne_place: Place, method: str, path: str) -> None:
    person = await daphne_place.person()
    refused(await person.rest.http.request(method, path), 404, "unknown_url")


async def test_a_slash_at_the_end_changes_nothing(daphne_place: Place) -> None:
    person = await daphne_place.person()
    assert (await post(person, body(), "/v1/chat/completions/")).status_code == 200
    for path in ("responses", "embeddings"):
        asked = {"model": "normal", "input": "Hello"}
        assert (await post(person, asked, f"/v1/{path}/")).status_code == 200
    assert (await person.rest.get("/v1/health/")).json()["status"] == "ok"
    assert (await person.rest.get("/v1/models/")).json()["object"] == "list"
    daphne_place.ollama.models.append(entry("hf.co/someone/sliced:Q4"))
    found = await person.rest.get("/v1/models/hf.co/someone/sliced:Q4/")
    assert found.json()["id"] == "hf.co/someone/sliced:Q4"


async def test_every_answer_has_an_id_of_its_own(daphne_place: Place) -> None:
    person = await daphne_place.person()
    responses = [
        await post(person, body()),
        await post(person, body(stream=True)),
        await post(person, {}),
        await person.rest.get("/v1/health"),
        await person.rest.get("/v1/nothing"),
    ]
    ids = {response.headers["x-request-id"] for response in responses}
    assert len(ids) == len(responses)
