"""Models of an Ollama are pulled, deleted and unloaded by staff; the work outlives pages and
processes."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.harness import WAIT_S
from tests.harness.place import Person, Place, place_at
from tests.harness.rest import ok, refused
from tests.harness.server import ChatServer

PATH = "/api/model-jobs/"


async def ask(staff: Person, model: str, kind: str = "pull") -> dict[str, Any]:
    body = {"connection": "ollama", "model": model, "kind": kind}
    return ok(await staff.page.post(PATH, body), 202)


async def until(staff: Person, job: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The job, when it has these values."""
    async with asyncio.timeout(WAIT_S):
        while True:
            rows = ok(await staff.page.get(PATH))["results"]
            [row] = [row for row in rows if row["id"] == job["id"]]
            if row.items() >= fields.items():
                return row
            await asyncio.sleep(0.05)


async def ids(person: Person) -> list[str]:
    return [m["id"] for m in ok(await person.rest.get("/api/models/"))["results"]]


async def test_a_pull_goes_on_when_its_server_was_killed_and_ends_in_the_list(
    own_server: Callable[..., ChatServer],
):
    """The progress is kept; the next server goes on when the lease of the first is over. Asking for
    the same again is answered with the same."""
    server = own_server("daphne")
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        staff = await place.person(staff=True)
        assert "gated" not in await ids(staff)
        job = await ask(staff, "gated")
        assert (await ask(staff, "gated"))["id"] == job["id"]
        place.ollama.gate("pull").release(2)
        told = await until(staff, job, state="running", done_bytes=2000)
        assert (told["total_bytes"], told["error"]) == (4009, "")

        server.kill()
        await place.clerk("end_leases")
        await asyncio.to_thread(server.start)
        place.ollama.gate("pull").open()
        await until(staff, job, state="done", done_bytes=4000)
        assert "gated" in await ids(staff)
        assert ok(await staff.rest.generate(await staff.conversation(), model="gated"))


async def test_a_model_is_deleted_and_taken_out_of_memory(daphne_place: Place):
    """And of the loaded ones it is told how large they are, and until when. What fails says why."""
    place = daphne_place
    staff = await place.person(staff=True)
    job = await ask(staff, "small")
    await until(staff, job, state="done")
    assert "small" in await ids(staff)
    place.ollama.loaded["small"] = 4096
    assert ok(await staff.page.get("/api/models/loaded/"))["results"] == [
        {
            "connection": "ollama",
            "model": "small",
            "size_bytes": 1,
            "vram_bytes": 0,
            "context_length": 4096,
            "until": "2026-08-01T08:25:30.123456Z",
        }
    ]
    await until(staff, await ask(staff, "small", "unload"), state="done")
    assert "small" not in place.ollama.loaded
    await until(staff, await ask(staff, "small", "delete"), state="done")
    assert "small" not in await ids(staff)
    for kind, code, sentence in (
        ("pull", "model_unknown", "There is no model “missing” to pull."),
        ("delete", "model_not_found", "Model not found: Ollama does not have the model “missing”."),
    ):
        told = await until(staff, await ask(staff, "missing", kind), state="failed")
        assert (told["error_code"], told["error"]) == (code, sentence)
    # The page says it in its language.
    german = {"Accept-Language": "de"}
    page = (await staff.page.http.get("/models", headers=german)).text
    assert "Das Modell „missing“ gibt es nicht." in page
    assert "There is no model" not in page


async def test_a_pull_is_cancelled(daphne_place: Place):
    """Its request to the server is closed."""
    staff = await daphne_place.person(staff=True)
    job = await ask(staff, "gated-for-ever")
    daphne_place.ollama.gate("pull").release()
    await until(staff, job, done_bytes=1000)
    body = {"connection": "ollama", "model": "gated-for-ever", "kind": "delete"}
    refused(await staff.page.post(PATH, body), 409, "model_busy")
    assert (await staff.page.delete(f"{PATH}{job['id']}/")).status_code == 204
    [pull] = [one for one in daphne_place.ollama.exchanges if one.path == "/api/pull"]
    assert await pull.wait_ended() == "client_gone"
    await until(staff, job, state="cancelled")


async def test_models_are_for_staff(daphne_place: Place):
    """At servers that keep some."""
    staff, person = await daphne_place.person(staff=True), await daphne_place.person()
    body = {"connection": "ollama", "model": "m", "kind": "pull"}
    refused(await person.page.get(PATH), 403, "staff_only")
    refused(await person.page.post(PATH, body), 403, "staff_only")
    refused(await person.page.get("/api/models/loaded/"), 403, "staff_only")
    for wrong in ({"connection": "openai"}, {"model": "two words"}, {"kind": "push"}):
        refused(await staff.page.post(PATH, {**body, **wrong}), 400, "validation_error", *wrong)
