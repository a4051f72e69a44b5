"""The examples of `docs/api.md`, run as they stand: only address and key are others."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.harness.clerk import ROOT
from tests.harness.place import Place
from tests.scripted.ollama import entry
from tests.scripted.ollama_scripts import REPLY
from tests.streaming.v1.client import events, text

TEXT = "".join(REPLY)
BLOCKS = re.findall(r"```(sh|python|js)\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL)
NAMES = [f"{kind} {number}" for number, (kind, _) in enumerate(BLOCKS)]
NODE = Path(sys.executable).parent / "node"


async def run(place: Place, kind: str, code: str, directory: Path) -> str:
    """What the program prints."""
    person = await place.person()
    place.ollama.models.append(entry("llama3.2:latest"))
    assert "http://localhost:8000/v1" in code
    code = code.replace("http://localhost:8000", place.server.url).replace("cp_…", person.key)
    path = directory / {"sh": "example.sh", "python": "example.py", "js": "example.mjs"}[kind]
    if kind == "js":  # where its packages are
        path = ROOT / "tests/clients/node_modules" / f"{person.name}.mjs"
    path.write_text(code)
    program = {"sh": "sh", "python": sys.executable, "js": str(NODE)}[kind]
    try:
        process = await asyncio.create_subprocess_exec(
            *(program, str(path)),
            env={**os.environ, "OPENAI_API_KEY": person.key},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await process.communicate()
    finally:
        path.unlink()
    assert process.returncode == 0, complained.decode()
    return said.decode()


@pytest.mark.parametrize(("kind", "code"), BLOCKS, ids=NAMES)
async def test_example(daphne_place: Place, tmp_path: Path, kind: str, code: str) -> None:
    said = await run(daphne_place, kind, code, tmp_path)
    if '"stream": true' in code:
        assert text(events(said.removesuffix("\n\n").split("\n\n"))) == TEXT
    else:
        assert TEXT in said


def test_every_client_has_an_example() -> None:
    """The list is not empty by mistake."""
    assert [kind for kind, _ in BLOCKS] == ["sh", "sh", "python", "python", "js", "js"]
