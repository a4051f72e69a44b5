"""Libraries that people write programs with, each in one realistic session, as it comes."""

from typing import Any

import pytest

from tests.real.running import Desk
from tests.scripted.ollama_scripts import REPLY

TEXT = "".join(REPLY)
NOON = "It is noon in UTC."
CITY = {"city": "Paris", "people": 2}

# What every step of a program comes to, by its name.
OUTCOMES: dict[str, Any] = {
    "text": TEXT,
    "stream": TEXT,
    "responses": TEXT,
    "smolagents": TEXT,
    "smolagents_stream": TEXT,
    "mirascope": TEXT,
    "reasoning_stream": TEXT,
    "history": TEXT,
    "completion": TEXT,
    "completion_stream": TEXT,
    "tools": NOON,
    "tools_stream": NOON,
    "responses_tools": NOON,
    "hosted": NOON,
    "call": "noon in UTC",
    "form": CITY,
    "form_by_json": CITY,
    "form_in_pieces": CITY,
    "embedding": [5.0, 0.5],
    "embeddings": [[3.0, 0.5], [5.0, 0.5]],
}


def check(answer: dict[str, Any]) -> None:
    """Every step came to what it has to; a refusal says what is refused."""
    if "missing" in answer:
        assert "Ollama does not have the model “missing”" in answer.pop("missing")
    assert answer == {step: OUTCOMES[step] for step in answer}


@pytest.mark.parametrize("kind", ["chat", "responses"])
async def test_pydantic_ai(desk: Desk, kind: str) -> None:
    answer = await desk.python("newest", "pydantic_ai", kind)
    assert answer.pop("reasoning") == ["user-prompt", "thinking", "text"]
    check(answer)


@pytest.mark.parametrize("kind", ["chat", "responses"])
async def test_openai_agents(desk: Desk, kind: str) -> None:
    answer = await desk.python("newest", "agents", kind)
    assert answer.pop("reasoning") == ["reasoning_item", "message_output_item"]
    check(answer)


async def test_langchain(desk: Desk) -> None:
    check(await desk.python("newest", "langchain"))


@pytest.mark.parametrize(
    "name", ["llama_index", "instructor", "dspy", "haystack", "strands", "small_ones"]
)
async def test_with_an_older_openai(desk: Desk, name: str) -> None:
    check(await desk.python("older", name))


@pytest.mark.parametrize("kind", ["chat", "responses"])
async def test_openai_agents_for_node(desk: Desk, kind: str) -> None:
    check(await desk.node("agents", kind))


async def test_langchain_for_node(desk: Desk) -> None:
    check(await desk.node("langchain"))
