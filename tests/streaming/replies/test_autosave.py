"""The autosave of running replies: together, and yet none for the fault of another."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DataError

from conversations.threads import replies
from streaming.log import MemoryLog
from streaming.replies.autosave import TOGETHER, Autosave
from streaming.replies.running import RunningTurns
from tests.harness import WAIT_S


def reply(text: str) -> Any:
    """A reply that runs, with a text that no row has yet."""
    log = MemoryLog({"id": str(uuid4())})  # type: ignore[typeddict-item] # nobody reads more of it
    if text:
        log.append("content", text)
    ids = {"id": uuid4(), "conversation_id": uuid4(), "writer": None}
    return SimpleNamespace(log=log, saved_size=0, saved_at=0.0, **ids)


class Rows:
    """Stands for the database, which refuses some replies."""

    def __init__(self, refused: set[UUID]) -> None:
        self.refused = refused
        self.texts: dict[UUID, str] = {}
        self.transactions: list[int] = []

    def save_partials(self, texts: Sequence[dict[str, Any]]) -> None:
        if any(text["reply_id"] in self.refused for text in texts):
            raise DataError("a text that it does not take")
        self.transactions.append(len(texts))
        self.texts |= {text["reply_id"]: text["content"] for text in texts}

    async def until(self, wanted: dict[UUID, str]) -> None:
        async with asyncio.timeout(WAIT_S):
            while self.texts != wanted:
                await asyncio.sleep(0.01)


async def test_a_refused_text_keeps_no_other_from_its_row(monkeypatch: pytest.MonkeyPatch):
    running = RunningTurns()
    texts = [reply(f"text {number}") for number in range(TOGETHER + 3)]
    for turn in (*texts, silent := reply("")):
        running.add(turn)
    bad = texts[3]
    rows = Rows({bad.id})
    monkeypatch.setattr(replies, "save_partials", rows.save_partials)
    autosave = Autosave(running)
    autosave.begin()
    try:
        wanted = {turn.id: turn.log.text("content") for turn in texts if turn is not bad}
        await rows.until(wanted)
        assert 3 in rows.transactions  # those that no refused one was among, in one
        assert silent.id not in rows.texts

        rows.refused.clear()
        silent.log.append("content", "Said at last.")
        texts[0].log.append("content", ", and more")
        running.remove(texts[1])
        wanted |= {
            bad.id: "text 3",
            silent.id: "Said at last.",
            texts[0].id: "text 0, and more",
        }
        await rows.until(wanted)
    finally:
        await autosave.aclose()


async def test_it_waits_for_nothing_while_no_reply_runs():
    running = RunningTurns()
    autosave = Autosave(running)
    running.add(turn := reply(""))
    autosave.begin()
    running.remove(turn)
    try:
        async with asyncio.timeout(WAIT_S):
            while autosave.looks:
                await asyncio.sleep(0.05)
        running.add(turn)
        autosave.begin()
        assert autosave.looks
    finally:
        await autosave.aclose()
