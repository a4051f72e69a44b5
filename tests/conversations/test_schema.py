"""The description of the API: complete, and true of a running server."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command

from tests.harness.place import Place
from tests.harness.rest import Rest, ok

CONFIG = Path(__file__).with_name("schemathesis.toml")
# Seconds for all calls that are made up from the description; it takes a quarter of that.
PATIENCE = 240.0

# Contracts, section 3, and what was added since.
CALLS = """
GET /api/chat/sessions/           POST /api/chat/sessions/
GET /api/chat/sessions/{id}/      PUT /api/chat/sessions/{id}/
DELETE /api/chat/sessions/{id}/
GET /api/conversations/           POST /api/conversations/
GET /api/conversations/{id}/      PATCH /api/conversations/{id}/
DELETE /api/conversations/{id}/   POST /api/conversations/{id}/restore/
GET /api/conversations/{id}/messages/
GET /api/conversations/{id}/export/
POST /api/conversations/{id}/generate/
POST /api/conversations/{id}/stop/
GET /api/conversations/{id}/queue/
DELETE /api/conversations/{id}/queue/{client_id}/
GET /api/messages/{id}/           DELETE /api/messages/{id}/
POST /api/messages/{id}/restore/  GET /api/models/
GET /api/keys/                    POST /api/keys/
DELETE /api/keys/{id}/            GET /api/me/
GET /api/usage/
POST /v1/chat/completions         POST /v1/completions         POST /v1/responses
POST /v1/embeddings               GET /v1/models
GET /v1/models/{id}               GET /v1/health
GET /healthz                      GET /readyz
GET /metrics
"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Generated without a warning, and valid OpenAPI."""
    file = tmp_path_factory.mktemp("schema") / "schema.yaml"
    call_command("spectacular", fail_on_warn=True, validate=True, file=str(file))
    return yaml.safe_load(file.read_text())


def test_every_call_is_described(schema: dict):
    """Each with what it answers, how one signs in, and how it is refused."""
    found = {
        f"{method.upper()} {path}": operation
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    }
    names = CALLS.replace("\n", "  ").split("  ")
    assert set(found) == {name.strip() for name in names if name.strip()}
    for name, operation in found.items():
        assert operation["description"], name
        if "/api/" in name or ("/v1/" in name and name != "GET /v1/health"):
            assert operation["security"] == [{"apiKey": []}, {"session": []}], name
            assert {"401", "403", "503"} <= set(operation["responses"]), name


def test_a_limit_is_described(schema: dict):
    """With the header that says when to try again."""
    operation = schema["paths"]["/api/conversations/{id}/generate/"]["post"]
    assert {"200", "202", "409", "429", "502", "503", "504"} <= set(operation["responses"])
    for path in ("/api/conversations/{id}/generate/", "/v1/chat/completions"):
        responses = schema["paths"][path]["post"]["responses"]
        for status in ("429", "503"):
            assert "Retry-After" in responses[status]["headers"], path


async def test_it_is_served_with_a_page(daphne_place: Place):
    """To anybody: it tells nothing of anybody's data."""
    async with Rest(daphne_place.server.url) as anybody:
        assert (await anybody.get("/api/schema/")).status_code == 200
        page = await anybody.get("/api/docs/")
    assert page.status_code == 200
    assert "swagger" in page.text


async def test_what_it_says_is_true(daphne_place: Place, tmp_path: Path):
    """Calls made up from the description, sound and unsound: every answer is one that is
    described, what is sound is taken and what is not is refused."""
    person = await daphne_place.person()
    ok(await person.rest.generate(await person.conversation()))
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={CONFIG}",
        "run",
        f"{daphne_place.server.url}/api/schema/",
        f"--header=Authorization: Bearer {person.key}",
        # Waits for a model, or streams; knows no refusals.
        "--exclude-path-regex=/generate/|^/v1/(chat|completions|responses)|^/[hrm]",
        "--phases=examples,coverage,fuzzing",
        "--generation-deterministic",
        "--max-examples=15",
        "--continue-on-failure",
        "--no-shrink",
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            told = (await process.stdout.read()).decode()
            status = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    assert status == 0, told
    assert "Traceback" not in daphne_place.server.log
