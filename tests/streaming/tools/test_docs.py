"""The server in `docs/tools.md` works as it is copied."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from tests.harness.clerk import ROOT
from tests.harness.place import Place
from tests.harness.ports import free_port
from tests.harness.rest import ok


async def test_the_server_of_the_documentation(daphne_place: Place, tmp_path: Path):
    [source] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/tools.md").read_text(), re.DOTALL)
    assert len([line for line in source.splitlines() if line.strip()]) <= 15
    port = free_port()
    path = tmp_path / "dice.py"
    path.write_text(source.replace("8765", str(port)))
    staff = await daphne_place.person(staff=True)
    url = f"http://127.0.0.1:{port}/mcp"
    added = ok(await staff.page.post("/api/tool-servers/", {"name": f"d{port}", "url": url}), 201)
    told = {"ok": False}
    with subprocess.Popen([sys.executable, str(path)]) as process:
        try:
            while not told["ok"]:
                assert process.poll() is None
                await asyncio.sleep(0.2)  # ten changes a second are allowed
                told = ok(await staff.page.post(f"/api/tool-servers/{added['id']}/test/"))
        finally:
            process.kill()
    assert told["tools"] == [
        {
            "name": "roll",
            "description": "Roll a die, and tell what it shows.",
            "read_only": True,
            "open_world": False,
        }
    ]
