"""Connections that staff add: used by every process, with their keys told to nobody."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness import WAIT_S
from tests.harness.place import Person, Place
from tests.harness.rest import Rest, ok, refused
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.openai import ScriptedOpenAI

PATH = "/api/connections/"
KEY = "sk-live-of-the-second-server"
two = pytest.mark.parametrize("place", ["two"], indirect=True)


@pytest.fixture
async def second(place: Place) -> AsyncIterator[ScriptedOpenAI]:
    """Another server that speaks OpenAI's API."""
    async with ScriptedOpenAI("normal", "echo", "some/one") as server:
        server.keys = {KEY}
        yield server


@pytest.fixture
async def staff(place: Place) -> AsyncIterator[Person]:
    """A person who may add connections, all of which are gone after the test."""
    person = await place.person(staff=True)
    yield person
    for row in ok(await person.page.get(PATH))["results"]:
        if not row["from_environment"]:
            assert (await person.page.delete(f"{PATH}{row['id']}/")).status_code == 204
    ok(await person.page.patch("/api/model-defaults/", {"provider": "", "fallbacks": []}))


async def ids(person: Person) -> dict[str, str]:
    """The labels of all models by their ids, as another process than the page's tells them."""
    rest = person.rest_at(person.place.server)
    return {m["id"]: m["label"] for m in ok(await rest.get("/api/models/"))["results"]}


async def until(person: Person, wanted: Any) -> dict[str, str]:
    """`ids`, when news has reached the other process."""
    async with asyncio.timeout(WAIT_S):
        while not wanted(listed := await ids(person)):
            await asyncio.sleep(0.02)
    return listed


@two
async def test_a_connection_answers_in_every_process_from_its_addition_to_its_end(
    place: Place, staff: Person, second: ScriptedOpenAI
):
    """With its key, headers and query; under its name; as many of a kind as there are."""
    fields = {
        "name": "second",
        "label": "The second server",
        "kind": "openai",
        "base_url": f"{second.url}/v1/",
        "api_key": KEY,
        "headers": {"X-Team": "green", "X-Gone": "grey"},
        "query": {"api-version": "2026-01-01"},
        "timeouts": {"gap_s": 30},
        "places": 2,
        "model_labels": {"echo": "The echo"},
    }
    made = ok(await staff.page.post(PATH, fields), 201)
    assert (
        made.items()
        >= {
            "name": "second",
            "has_key": True,
            "headers": {"X-Team": None, "X-Gone": None},
            "timeouts": {"first_byte_s": None, "gap_s": 30},
            "base_url": f"{second.url}/v1",
        }.items()
    )
    listed = await until(staff, lambda them: "second/echo" in them)
    assert listed["second/echo"] == "The echo"
    assert {"second/normal", "second/some/one", "normal", "openai/normal"} <= set(listed)
    assert "second/normal" in [m["id"] for m in ok(await staff.rest.get("/v1/models"))["data"]]

    chat = await staff.conversation()
    answer = ok(await staff.rest_at(place.server).generate(chat, model="second/normal"))
    assert (answer["provider_used"], answer["message"]["model"]) == ("second", "normal")
    seen = (await second.chat()).headers
    assert (seen["authorization"], seen["x-team"]) == (f"Bearer {KEY}", "green")
    assert second.exchanges[-1].query == {"api-version": "2026-01-01"}

    path = f"{PATH}{made['id']}/"
    changes = {"headers": {"X-Team": None, "X-New": "1"}, "models_filter": ["normal"]}
    assert ok(await staff.page.patch(path, changes))["headers"] == {"X-Team": None, "X-New": None}
    listed = await until(staff, lambda them: "second/echo" not in them)
    assert "second/normal" in listed
    refused(await staff.rest.generate(chat, model="second/echo"), 400, "validation_error")
    ok(await staff.rest.generate(chat, model="second/normal"))
    seen = (await second.chat(1)).headers
    assert (seen["x-team"], seen["x-new"], seen.get("x-gone")) == ("green", "1", None)

    rows = await staff.page.get(PATH)
    [row] = [row for row in ok(rows)["results"] if row["name"] == "second"]
    assert row["health"] == {
        "ok": True,
        "code": "answers",
        "message": "The second server answers.",
    }
    assert KEY not in rows.text
    assert "green" not in rows.text
    assert [r["name"] for r in ok(rows)["results"] if r["from_environment"]] == [
        *("openai", "inference", "ollama")
    ]

    # It ends, and its chats stay.
    assert (await staff.page.delete(path)).status_code == 204
    await until(staff, lambda them: not [name for name in them if name.startswith("second/")])
    told = refused(await staff.rest.generate(chat, model=None), 400, "validation_error")
    assert "second/normal" in told["message"]
    assert ok(await staff.rest.generate(chat, model="normal"))["provider_used"] == "ollama"
    assert all(KEY not in server.log for server in place.servers)


async def test_a_connection_may_end_while_its_models_are_asked_for(
    staff: Person, second: ScriptedOpenAI
):
    """Whoever asked gets the list; it was filled while the connection was there."""
    made = ok(
        await staff.page.post(
            PATH,
            {
                "name": "second",
                "label": "The second server",
                "kind": "openai",
                "base_url": f"{second.url}/v1",
                "api_key": KEY,
            },
        ),
        201,
    )
    held = second.hold("/v1/models")
    asked = asyncio.create_task(staff.page.get("/api/models/"))
    async with asyncio.timeout(WAIT_S):
        while not second.exchanges:
            await asyncio.sleep(0.01)
    assert (await staff.page.delete(f"{PATH}{made['id']}/")).status_code == 204
    held.set()
    answer = ok(await asked)
    assert "second/normal" in [model["id"] for model in answer["results"]]
    assert answer["provider_labels"]["second"] == "The second server"
    assert "second" not in ok(await staff.page.get("/api/models/"))["provider_labels"]


@two
async def test_what_a_test_finds(place: Place, staff: Person, second: ScriptedOpenAI):
    """In a sentence: that it answers and with how many models, or why not; and that it is an
    Ollama, whose own protocol is then used."""

    async def tested(**fields: Any) -> tuple[dict[str, Any], str]:
        made = ok(await staff.page.post(PATH, {"kind": "openai", **fields}), 201)
        path = f"{PATH}{made['id']}/"
        return ok(await staff.page.post(f"{path}test/")), path

    found, path = await tested(name="second", base_url=f"{second.url}/v1", api_key="wrong")
    assert not found["ok"]
    assert "API key" in found["message"]
    ok(await staff.page.patch(path, {"api_key": KEY}))
    found = ok(await staff.page.post(f"{path}test/"))
    assert found["message"] == "second answers and has 3 models."
    assert found["models"] == ["normal", "echo", "some/one"]
    assert found["suggestion"] is None

    address = second.url
    await second.stop()
    found = ok(await staff.page.post(f"{path}test/"))
    assert not found["ok"]
    assert "cannot be reached" in found["message"]
    assert found["code"] == "provider_unavailable"
    await second.start(int(address.rpartition(":")[2]))

    async with ScriptedOllama("llama3.2:latest") as ollama:
        found, path = await tested(name="other-ollama", base_url=f"{ollama.url}/v1", label="Big")
        assert found["message"].startswith("Big answers and has 1 model. It is an Ollama")
        assert found["suggestion"] == {"kind": "ollama", "base_url": ollama.url}
        ok(await staff.page.patch(path, found["suggestion"]))
        found = ok(await staff.page.post(f"{path}test/"))
        assert found["message"] == "Big 0.33.0 answers and has 1 model."
        chat = await staff.conversation()
        answer = await staff.rest.generate(chat, model="other-ollama/llama3.2")
        assert ok(answer)["provider_used"] == "other-ollama"
        assert ollama.chats


@two
async def test_what_staff_choose_counts_where_the_environment_says_nothing(
    place: Place, staff: Person, second: ScriptedOpenAI
):
    """The usual server's environment chooses the default, and no fallback."""
    made = {"name": "second", "kind": "openai", "base_url": f"{second.url}/v1", "key": KEY}
    ok(await staff.page.post(PATH, made), 201)
    path = "/api/model-defaults/"
    chosen = ok(await staff.page.patch(path, {"provider": "second", "fallbacks": ["second"]}))
    assert chosen == {
        "provider": "ollama",
        "model": "normal",
        "fallbacks": ["second"],
        "from_environment": ["provider", "model"],
    }
    refused(await staff.page.patch(path, {"fallbacks": ["third"]}), 400, *BAD, "fallbacks")
    answer = ok(await staff.rest.generate(await staff.conversation(), model="missing"))
    assert (answer["provider_used"], answer["fallback_used"]) == ("second", True)


BAD = ("validation_error",)
WRONG: list[dict[str, Any]] = [
    {"name": "ollama"},
    {"name": "With Spaces"},
    {"name": "a" * 21},
    {"kind": "claude"},
    {"base_url": "models.example.org"},
    {"base_url": "https://me:secret@models.example.org"},
    {"base_url": "ftp://models.example.org"},
    {"base_url": "http://models.example.org:port"},
    {"api_key": "two\nlines"},
    {"headers": {"Host": "x"}},
    {"headers": {"X": "a\r\nb"}},
    {"headers": {"Not a name": "x"}},
    {"ca": "no certificate"},
    {"ca": "\ufeff"},
    {"places": 0},
    {"timeouts": {"gap_s": 0}},
    {"unknown": 1},
]


async def test_connections_are_for_staff_and_checked(daphne_place: Place):
    """Keys with bounds are refused, too, and what the environment sets cannot be changed."""
    staff, person = await daphne_place.person(staff=True), await daphne_place.person()
    fields = {"name": "new", "kind": "openai", "base_url": "http://127.0.0.1:9"}
    bounded = ok(
        await staff.page.post("/api/keys/", {"name": "k", "scopes": ["chat", "read"]}), 201
    )
    async with Rest(daphne_place.server.url, key=bounded["key"]) as few:
        for page, code in ((person.page, "staff_only"), (few, "missing_scope")):
            refused(await page.get(PATH), 403, code)
            refused(await page.post(PATH, fields), 403, code)
    assert ok(await staff.rest.get(PATH))["results"]
    for wrong in WRONG:
        refused(await staff.page.post(PATH, {**fields, **wrong}), 400, *BAD, *wrong)
    row = ok(await staff.page.post(PATH, fields), 201)
    refused(await staff.page.patch(f"{PATH}{row['id']}/", {"name": "other"}), 400, *BAD, "name")
    assert (await staff.page.delete(f"{PATH}{row['id']}/")).status_code == 204
    [first, *_] = ok(await staff.page.get(PATH))["results"]
    assert first["from_environment"]
    refused(await staff.page.patch(f"{PATH}{first['id']}/", {"label": "x"}), 409, "conflict")
    refused(await staff.page.delete(f"{PATH}{first['id']}/"), 409, "conflict")
    found = ok(await staff.page.post(f"{PATH}{first['id']}/test/"))
    assert found["ok"], found
    missing = f"{PATH}00000000-0000-7000-8000-000000000000/"
    refused(await staff.page.patch(missing, {"label": "x"}), 404, "not_found")
