"""The clients of `docs/protocol.md`, taken out of the document and run as they stand."""

import asyncio
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness import WAIT_S
from tests.harness.place import Person, Place

DOCUMENT = Path(__file__).parents[3] / "docs" / "protocol.md"
NODE = Path(sys.executable).with_name("node")
LANGUAGES = {"python": sys.executable, "js": str(NODE)}


@dataclass
class Ran:
    """What a client printed, and its exit status."""

    status: int
    out: str
    errors: str


def source(language: str) -> str:
    """The one client in this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return str(found)


async def run(language: str, directory: Path, server: str, key: str) -> Ran:
    """Run the client as somebody would who has copied it."""
    file = directory / ("client.mjs" if language == "js" else "client.py")
    file.write_text(source(language))
    process = await asyncio.create_subprocess_exec(
        LANGUAGES[language],
        str(file),
        "Hello, you",
        env={"PATH": os.environ["PATH"], "CHAT_SERVER": server, "CHAT_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WAIT_S):
        out, errors = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), errors.decode())


@pytest.fixture
async def person(place: Place) -> Person:
    return await place.person()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_prints_the_reply(place: Place, person: Person, tmp_path: Path, language: str):
    """What was said is stored; the client ends by itself."""
    ran = await run(language, tmp_path, place.server.url, person.key)
    assert (ran.status, ran.errors) == (0, "")
    assert ran.out.strip() == "Hello from the scripted model."
    (chat,) = (await person.rest.get("/api/conversations/")).json()["results"]
    said = [row["content"] for row in await person.rest.messages(chat["id"])]
    assert said == ["Hello, you", "Hello from the scripted model."]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_tells_what_is_refused(
    place: Place, person: Person, tmp_path: Path, language: str
):
    """An `error` event ends it, with its sentence."""
    await place.clerk("allow", model="ApiKey", row_id=person.key_id, allowed_models=["other"])
    ran = await run(language, tmp_path, place.server.url, person.key)
    assert ran.status != 0
    assert "other" in ran.errors


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_wrong_key_is_told(place: Place, tmp_path: Path, language: str):
    """Nobody waits for ever."""
    ran = await run(language, tmp_path, place.server.url, "cp_wrong")
    assert ran.status != 0
    assert ran.errors


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_short(language: str):
    """About twenty lines."""
    assert len(source(language).strip().splitlines()) <= 25
