"""Command-line programs, each in one realistic session, as it comes: most are agents, which read a
file with their tools and say what is in it."""

import json
from typing import Any

import pytest

from tests.real.running import Desk, node_tool, tool_of
from tests.scripted.ollama_scripts import REPLY

TEXT = "".join(REPLY)
QUESTION = "What does notes.txt say?"
NOTES = "the heron stands still"


@pytest.fixture
def desk_with_notes(desk: Desk) -> Desk:
    (desk.work / "notes.txt").write_text(f"{NOTES}\n")
    return desk


def plan(desk: Desk, *calls: tuple[str, dict[str, Any]]) -> None:
    desk.place.ollama.plan = list(calls)  # type: ignore[attr-defined]


def asked_of_model(desk: Desk) -> list[dict[str, Any]]:
    """The requests that the model got."""
    return [chat.json for chat in desk.place.ollama.chats]


async def test_codex(desk_with_notes: Desk) -> None:
    desk = desk_with_notes
    folder = desk.home / ".codex"
    folder.mkdir()
    (folder / "config.toml").write_text(f"""
model = "agent"
model_provider = "ours"
[model_providers.ours]
name = "Ours"
base_url = "{desk.base}"
env_key = "OPENAI_API_KEY"
""")
    plan(desk, ("exec_command", {"cmd": "cat notes.txt"}))
    options = ("--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")
    assert NOTES in await desk.run(node_tool("codex"), "exec", *options, QUESTION)


async def test_opencode(desk_with_notes: Desk) -> None:
    desk = desk_with_notes
    options = {"baseURL": desk.base, "apiKey": desk.key}
    ours = {
        "npm": "@ai-sdk/openai-compatible",
        "options": options,
        "models": {"agent": {"name": "Agent"}},
    }
    (desk.work / "opencode.json").write_text(
        json.dumps({"provider": {"ours": ours}, "autoupdate": False, "share": "disabled"})
    )
    plan(desk, ("read", {"filePath": str(desk.work / "notes.txt")}))
    assert NOTES in await desk.run(node_tool("opencode"), "run", "-m", "ours/agent", QUESTION)


async def test_qwen_code(desk_with_notes: Desk) -> None:
    """Its first prompt alone is longer than what Ollama loads a model with by itself."""
    desk = desk_with_notes
    plan(desk, ("read_file", {"file_path": str(desk.work / "notes.txt")}))
    options = ("--auth-type", "openai", "--model", "agent", "--yolo", "--prompt", QUESTION)
    assert NOTES in await desk.run(node_tool("qwen"), *options)


@pytest.mark.parametrize("api", ["openai-completions", "openai-responses"])
async def test_pi(desk_with_notes: Desk, api: str) -> None:
    desk = desk_with_notes
    folder = desk.home / ".pi" / "agent"
    folder.mkdir(parents=True)
    ours = {"baseUrl": desk.base, "apiKey": desk.key, "api": api, "models": [{"id": "agent"}]}
    (folder / "models.json").write_text(json.dumps({"providers": {"ours": ours}}))
    plan(desk, ("read", {"path": "notes.txt"}))
    options = ("--provider", "ours", "--model", "agent", "-p", QUESTION)
    assert NOTES in await desk.run(node_tool("pi"), *options)


async def test_continue(desk_with_notes: Desk) -> None:
    desk = desk_with_notes
    (desk.home / "config.yaml").write_text(f"""
name: ours
version: 1.0.0
schema: v1
models:
  - name: agent
    provider: openai
    model: agent
    apiBase: {desk.base}
    apiKey: {desk.key}
    roles: [chat]
    capabilities: [tool_use]
""")
    plan(desk, ("Read", {"filepath": str(desk.work / "notes.txt")}))
    options = ("--config", desk.home / "config.yaml", "--auto", "-p", QUESTION)
    assert NOTES in await desk.run(node_tool("cn"), *options)


async def test_aider(desk_with_notes: Desk) -> None:
    """It has no tools: it sends the file, and reads edits out of the text."""
    desk = desk_with_notes
    options = ("--no-check-update", "--analytics-disable", "--no-git", "--yes-always")
    said = await desk.run(
        tool_of("aider", "aider"),
        *("--model", "openai/normal", "--no-show-model-warnings", *options),
        *("--message", QUESTION, "notes.txt"),
    )
    assert TEXT in said
    (request,) = asked_of_model(desk)
    assert NOTES in json.dumps(request["messages"])


async def test_shell_gpt(desk: Desk) -> None:
    desk.variables["API_BASE_URL"] = desk.base
    said = await desk.run(tool_of("older", "sgpt"), "--model", "normal", "--no-cache", "Hello")
    assert TEXT in said


async def test_llm(desk: Desk) -> None:
    """Chat, a tool, a schema, a second question in the same conversation, and completions."""
    folder = desk.home / ".config" / "io.datasette.llm"
    folder.mkdir(parents=True)
    common = {"api_base": desk.base, "api_key_name": "ours"}
    models = [
        {"model_id": "plain", "model_name": "normal", **common},
        {"model_id": "asks", "model_name": "agent", "supports_tools": True, **common},
        {"model_id": "shaped", "model_name": "form", "supports_schema": True, **common},
        {"model_id": "old", "model_name": "normal", "completion": True, **common},
    ]
    (folder / "extra-openai-models.yaml").write_text(json.dumps(models))
    llm = tool_of("newest", "llm")
    await desk.run(llm, "keys", "set", "ours", "--value", desk.key)
    assert (await desk.run(llm, "-m", "plain", "Hello")).strip() == TEXT
    assert (await desk.run(llm, "-c", "And now?")).strip() == TEXT
    assert len(asked_of_model(desk)[-1]["messages"]) == 3
    assert (await desk.run(llm, "-m", "plain", "--no-stream", "Hello")).strip() == TEXT
    plan(desk, ("llm_version", {}))
    said = await desk.run(llm, "-m", "asks", "-T", "llm_version", "Which version is this?")
    assert "Done: 0." in said
    shaped = await desk.run(llm, "-m", "shaped", "--schema", "city, people int", "A city?")
    assert json.loads(shaped) == {"city": "Paris", "people": 2}
    assert (await desk.run(llm, "-m", "old", "Hello")).strip() == TEXT
