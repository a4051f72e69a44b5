"""The line that the log gets for each reply."""

import itertools
import logging
from types import SimpleNamespace

import pytest

from conversations.people.models import User
from providers.types import Chunk
from streaming.caller import Caller
from streaming.events import End
from streaming.replies import accounting
from streaming.replies.result import Result


@pytest.mark.parametrize(
    "model", ["a b", "a status=failed", 'a" status="failed', "a\nreply id=1", "a\u2028b", "ä", ""]
)
async def test_a_models_name_forges_no_field(caplog: pytest.LogCaptureFixture, model: str):
    """It is quoted where it could be read as more than one value; a plain one is as it is."""
    for name in (model, "qwen3:0.6b"):
        end = End(
            status="completed",
            finish_reason="stop",
            provider_used="ollama",
            fallback_used=False,
            model=name,
        )
        with caplog.at_level(logging.INFO, "streaming"):
            accounting._log(Caller(User(username="somebody")), end, Result(), None)
    forged, plain = [record.getMessage() for record in caplog.records]
    assert " model=qwen3:0.6b status=completed" in plain
    before, _, after = forged.partition(' model="')
    assert before
    quoted, _, rest = after.replace('\\"', "").partition('" ')
    assert rest.startswith("status=completed ")
    assert forged.isascii()
    assert forged.isprintable()
    assert '"' not in quoted


def test_thinking_is_timed_until_the_answer_begins(monkeypatch: pytest.MonkeyPatch):
    """Or until the end, when there is none."""
    clock = itertools.count(1)
    time = SimpleNamespace(monotonic=lambda: next(clock))
    monkeypatch.setattr("streaming.replies.result.time", time)
    result = Result(started=0.0)
    for chunk in (Chunk(phase="generating"), Chunk(reasoning="Let me"), Chunk(reasoning=" see")):
        result.hear(chunk)
    assert result.timings() == {"total_s": 4, "first_token_s": 2, "thought_s": 2}
    result.hear(Chunk(content="So"))
    assert result.timings() == {"total_s": 6, "first_token_s": 2, "thought_s": 3}
