"""The description of the API: complete, and true of a running server."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml
from django.core.cache import cache
from django.core.management import call_command
from django.http import HttpResponse
from django.test import AsyncRequestFactory

from project import api_description
from project.api_description import STRANGERS
from tests.harness.place import Place
from tests.harness.rest import Rest, ok

CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
# Who calls in turn: each may change ten things a second.
PEOPLE = 8
# Seconds for all calls that are made up from the description; it takes a quarter of that.
PATIENCE = 600.0

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
POST /api/conversations/{id}/fork/
POST /api/conversations/{id}/generate/
POST /api/conversations/{id}/stop/
GET /api/conversations/{id}/queue/
DELETE /api/conversations/{id}/queue/{client_id}/
POST /api/conversations/{id}/queue/order/
POST /api/conversations/{id}/queue/resume/
POST /api/conversations/{id}/queue/{client_id}/now/
GET /api/files/                   POST /api/files/
GET /api/files/{id}/               PATCH /api/files/{id}/           DELETE /api/files/{id}/
GET /api/files/{id}/content
GET /api/messages/{id}/           DELETE /api/messages/{id}/
POST /api/messages/{id}/restore/  PUT /api/messages/{id}/rating/
POST /api/messages/{message_id}/tool-calls/{call_id}/decide/
GET /api/models/
GET /api/people/                  POST /api/people/
GET /api/people/{id}/             PATCH /api/people/{id}/          DELETE /api/people/{id}/
POST /api/people/{id}/reset-password/
GET /api/invitations/             POST /api/invitations/
DELETE /api/invitations/{id}/
GET /api/prompts/                 POST /api/prompts/
GET /api/prompts/{id}/            PATCH /api/prompts/{id}/         DELETE /api/prompts/{id}/
GET /api/presets/                 POST /api/presets/
GET /api/presets/{id}/            PATCH /api/presets/{id}/         DELETE /api/presets/{id}/
GET /api/keys/                    POST /api/keys/
DELETE /api/keys/{id}/            GET /api/me/                     PATCH /api/me/
GET /api/usage/                   GET /api/push/
POST /api/push/                   DELETE /api/push/
GET /api/connections/             POST /api/connections/
PATCH /api/connections/{id}/      DELETE /api/connections/{id}/
POST /api/connections/{id}/test/
GET /api/model-jobs/              POST /api/model-jobs/
DELETE /api/model-jobs/{id}/      GET /api/models/loaded/
GET /api/tools/
GET /api/tool-servers/            POST /api/tool-servers/
GET /api/tool-servers/{server_id}/
PATCH /api/tool-servers/{server_id}/
DELETE /api/tool-servers/{server_id}/
POST /api/tool-servers/{server_id}/test/
GET /api/tool-servers/{server_id}/sign-in/
DELETE /api/tool-servers/{server_id}/sign-in/
GET /api/model-defaults/          PATCH /api/model-defaults/
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


class TestMaking:
    """How it is made, without a server."""

    @pytest.fixture(autouse=True)
    def given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cache.clear()
        self.made: list[int] = []
        monkeypatch.setattr(api_description, "_making", None)
        monkeypatch.setattr(api_description, "_make", self.make)
        monkeypatch.setattr(api_description, "identify", self.identify)

    def make(self) -> dict[str, bytes]:
        self.made.append(threading.get_ident())
        if len(self.made) == 1:
            raise RuntimeError
        time.sleep(0.1)  # long enough for all to ask meanwhile
        return {api_description.YAML: b"a: 1", api_description.JSON: b"{}"}

    def identify(self, authorization: str, request: object) -> object:
        return (None, None) if authorization else None

    async def ask(self, address: str = "192.0.2.1", **headers: str) -> HttpResponse:
        request = AsyncRequestFactory().get("/api/schema/", headers=headers)
        request.META["REMOTE_ADDR"] = address
        return await api_description.schema(request)

    async def test_it_is_made_once_beside_the_loop(self) -> None:
        """After a failure again; and who asks meanwhile waits for the same."""
        with pytest.raises(RuntimeError):
            await self.ask()
        answers = await asyncio.gather(*(self.ask() for _ in range(12)))
        assert [answer.content for answer in answers] == [b"a: 1"] * 12
        assert len(self.made) == 2
        assert threading.get_ident() not in self.made

    async def test_strangers_have_a_ration(self) -> None:
        self.made.append(0)
        for _ in range(STRANGERS.most):
            assert (await self.ask()).status_code == 200
        refusal = await self.ask()
        assert (refusal.status_code, refusal.headers["Retry-After"] > "0") == (429, True)
        assert (await self.ask(authorization="Bearer known")).status_code == 200
        assert (await self.ask("192.0.2.2")).status_code == 200

    async def test_its_form_is_chosen(self) -> None:
        self.made.append(0)
        assert (await self.ask()).content == b"a: 1"
        assert (await self.ask(accept="application/json")).content == b"{}"
        assert (await self.ask(accept="application/json, */*")).content == b"{}"
        assert (await self.ask(accept="image/png")).status_code == 406


def test_a_server_does_not_load_what_makes_it() -> None:
    """It takes megabytes, and most servers are never asked."""
    code = "import sys, project.asgi, project.urls; print('drf_spectacular.openapi' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


async def test_it_is_served_with_a_page(daphne_place: Place):
    """To anybody: it tells nothing of anybody's data."""
    async with Rest(daphne_place.server.url) as anybody:
        assert (await anybody.get("/api/schema/")).status_code == 200
        page = await anybody.get("/api/docs/")
    assert page.status_code == 200
    assert "swagger" in page.text


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # the stricter one
@pytest.mark.timeout(PATIENCE + 60)
async def test_what_it_says_is_true(daphne_place: Place, tmp_path: Path):
    """Calls made up from the description, sound and unsound: every answer is one that is
    described, what is sound is taken and what is not is refused."""
    people = [await daphne_place.person() for _ in range(PEOPLE)]
    person = people[0]
    ok(await person.rest.generate(await person.conversation()))
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={CONFIG}",
        "run",
        f"{daphne_place.server.url}/api/schema/",
        f"--header=Authorization: Bearer {person.key}",
        # Waits for a model, or streams; knows no refusals.
        "--exclude-path-regex=/generate/|^/v1/(chat|completions|responses)|^/[hrm]",
        "--phases=examples,coverage",
        "--generation-deterministic",
        "--continue-on-failure",
        "--no-shrink",
        cwd=tmp_path,
        env={
            **os.environ,
            "NO_COLOR": "1",
            "SCHEMATHESIS_HOOKS": str(HOOKS),
            "SCHEMATHESIS_KEYS": " ".join(person.key for person in people),
        },
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
