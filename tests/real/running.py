"""Running a program that nobody here wrote, against our server."""

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.place import Place

FOLDER = Path(__file__).parent
NODE_FOLDER = FOLDER / "node"
# Far longer than any program takes on a busy machine; one that hangs ends here, with what it said.
SESSION_S = 600.0


@dataclass
class Desk:
    """A home and a working folder of one test, and what a person's shell would have set: the
    address of our server and a key, and no other of the variables that these programs know."""

    place: Place
    key: str
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work = self.home / "work"
        self.work.mkdir(parents=True)
        self.base = f"{self.place.server.url}/v1"
        kept = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE")
        self.variables = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(self.home),
            "OPENAI_BASE_URL": self.base,
            "OPENAI_API_BASE": self.base,
            "OPENAI_API_KEY": self.key,
            "NO_COLOR": "1",
            # LiteLLM would fetch a list of prices when it is imported.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            **self.variables,
        }
        # Node is where our Python is.
        node = Path(sys.executable).parent
        self.variables["PATH"] = f"{node}:{self.variables['PATH']}"

    async def run(self, *command: str | Path, code: int = 0) -> str:
        """What a command prints. It has to end with `code`; after `SESSION_S` it is killed."""
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            cwd=self.work,
            env=self.variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        hangs = asyncio.get_running_loop().call_later(
            SESSION_S, os.killpg, process.pid, signal.SIGKILL
        )
        try:
            said, complained = await process.communicate()
        finally:
            hangs.cancel()
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        shown = f"{said.decode()[-3000:]}\n{complained.decode()[-3000:]}"
        assert process.returncode == code, shown
        return said.decode()

    async def steps(self, *command: str | Path) -> dict[str, Any]:
        """The JSON in the last line of what a command prints."""
        return dict(json.loads((await self.run(*command)).splitlines()[-1]))

    async def python(self, group: str, name: str, *arguments: str) -> dict[str, Any]:
        """What came out of the steps of a program in `programs`, with the Python of a group."""
        program = FOLDER / "programs" / f"with_{name}.py"
        return await self.steps(python_of(group), "-W", "ignore", program, *arguments)

    async def node(self, name: str, *arguments: str) -> dict[str, Any]:
        """What came out of the steps of a program in `node`."""
        return await self.steps("node", NODE_FOLDER / f"{name}.mjs", *arguments)


def python_of(group: str) -> Path:
    return tool_of(group, "python")


def tool_of(group: str, name: str) -> Path:
    """A command that a Python package of the group brings."""
    path = FOLDER / group / ".venv" / "bin" / name
    assert path.exists(), "`make test-clients` installs it"
    return path


def node_tool(name: str) -> Path:
    """A command that a Node package brings."""
    path = NODE_FOLDER / "node_modules" / ".bin" / name
    assert path.exists(), "`make test-clients` installs it"
    return path
