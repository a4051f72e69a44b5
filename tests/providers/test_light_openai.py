"""OpenAI's client without its types, in a process of its own: the tests load it whole."""

import subprocess
import sys
from pathlib import Path

from tests.harness.clerk import ROOT

SERVED = """
import sys
from providers import light_openai
light_openai.load()
import openai, providers.openai
assert openai.AsyncOpenAI(api_key="none").models
loaded = [name for name in sys.modules if name.startswith(("openai.types", "openai.lib._"))]
assert not {"openai.types.chat", "openai.types.responses", "openai.lib._parsing"} & {*loaded}
"""
# What nobody here asks for is there all the same.
ASKED_FOR = """
import pydantic
assert openai.types.Batch.__module__ == "openai.types.batch"
assert openai.types.chat.ChatCompletion
class Clock(pydantic.BaseModel):
    zone: str
tool = openai.pydantic_function_tool(Clock)
assert tool["function"]["name"] == "Clock"
assert openai.AsyncOpenAI(api_key="none").chat.completions.parse
"""
OTHERWISE = """
from providers import light_openai
light_openai.load()
import openai
assert openai.another() == 1
"""


def run(script: str, path: Path = ROOT) -> None:
    environment = {"PYTHONPATH": f"{path}:{ROOT}"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60)


def test_types_are_loaded_when_they_are_asked_for() -> None:
    run(SERVED + ASKED_FOR)


def test_a_client_that_is_laid_out_otherwise_is_loaded_whole(tmp_path: Path) -> None:
    for name, text in {
        "__init__": "from .lib._tools import another",
        "types/__init__": "",
        "lib/__init__": "",
        "lib/_tools": "def another(): return 1",
    }.items():
        file = tmp_path / "openai" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    run(OTHERWISE, tmp_path)
