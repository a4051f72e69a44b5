"""A hostile or broken model harms nobody: what it writes is bounded, the text so far is kept, its
server is left, others are served, and the end is told with what can be believed."""

import asyncio
from typing import Any

import pytest
from django.db import DataError

from conversations.threads import replies
from conversations.threads.models import Status
from providers import errors
from providers.types import ChatMessage, ChatRequest, Chunk, Finish, Usage
from streaming.replies import bounds, engine
from streaming.replies.bounds import ReplyBounds
from streaming.replies.result import Result
from streaming.replies.stateless import as_told_at_the_end
from streaming.v1.errors import error
from tests.harness.fold import assert_same
from tests.harness.place import Person, Place
from tests.harness.rest import assert_sentence
from tests.providers.connect import ollama_at
from tests.scripted.hostile import ENDLESS, FIGURES
from tests.scripted.ollama import ScriptedOllama
from tests.streaming.replies.test_reasoning import PLAIN, plan_of
from tests.streaming.v1 import client

MIB = 2**20
# These end by the clock alone.
BY_TIME = {"flood_pings", "flood_tail"}
FLOODS = [name for name in ENDLESS if name not in BY_TIME]
# What is kept of a reply for which 512 tokens were asked.
MOST = bounds.LEAST_BYTES


async def flooded(person: Person, provider: str, model: str) -> None:
    chat = await person.conversation()
    async with person.socket(chat, query=f"?provider={provider}") as socket:
        end = await socket.reply(model=model)
        assert (end["status"], end["finish_reason"]) == ("failed", None), model
        assert end["error"]["code"] == "reply_too_long", (model, end["error"])
        assert_sentence(end["error"]["message"])
        [_, row] = await person.rest.messages(chat)
        kept = max(row["content"], row["reasoning"], key=len)
        assert len(kept) <= MOST, model
        assert kept or model == "flood_lines"  # which says nothing with one of the two
        assert row["tokens"]["source"] == "estimated"
        assert row["tokens"]["completion"] >= len(kept) // 4
        assert_same(socket.thread.messages, await person.rest.messages(chat))


@pytest.mark.parametrize("provider", ["ollama", "openai"])
async def test_floods(daphne_place: Place, provider: str):
    """All at once, while another person gets an answer; none of them takes much memory."""
    place = daphne_place
    person, neighbour = await place.person(staff=True), await place.person()
    before = place.server.memory()
    floods = [flooded(person, provider, model) for model in FLOODS]
    async with neighbour.socket(await neighbour.conversation()) as socket:
        running = asyncio.gather(*floods)
        for _ in range(3):
            await socket.reply()
        await running
    chats = place.ollama.chats if provider == "ollama" else place.openai.chats
    for exchange in chats:
        if exchange.model in FLOODS:
            assert await exchange.wait_ended() == "client_gone", exchange.model
    assert place.server.memory() - before < 200 * MIB


async def test_floods_of_a_program(openai_place: Place):
    """Streamed: what came, then the error; whole: the error alone. Both are paid for."""
    person = await openai_place.person()
    openai_place.offer("flood_text")
    asked: dict[str, Any] = {"max_tokens": 300}
    frames = await client.stream(person, "flood_text", **asked)
    assert 0 < len(client.text(frames[:-1])) <= MOST
    client.told(frames[-1], "reply_too_long")
    answer = await client.post(person, client.body("flood_text", **asked))
    client.refused(answer, 502, "reply_too_long")
    used = await openai_place.clerk("usage", user_id=person.id)
    assert [record["status"] for record in used] == ["failed", "failed"]
    assert all(record["completion_tokens"] > 500 for record in used)


@pytest.mark.parametrize("provider", ["ollama", "openai"])
async def test_an_end_is_told_whatever_the_figures(daphne_place: Place, provider: str):
    """With those that can be believed."""
    person = await daphne_place.person(staff=True)
    chat = await person.conversation()
    async with person.socket(chat, query=f"?provider={provider}") as socket:
        for index in range(len(FIGURES)):
            end = await socket.reply(model=f"figures:of={index}")
            assert (end["status"], end["finish_reason"]) == ("completed", "stop")
            assert 0 <= end["tokens"]["total"] < 10_000
        end = await socket.reply(model="names")
        assert end["status"] == "completed"
        assert_same(socket.thread.messages, await person.rest.messages(chat))


# --- In this process ----------------------------------------------------------------------------


def test_the_bounds_of_a_reply(settings: Any):
    """16 bytes a token, no less than 1 MiB and no more than the setting; the cut is between two
    characters."""
    settings.CHAT_MAX_REPLY_MB = 2
    for tokens, most in ((1, MIB), (100_000, 1_600_000), (10**9, 2 * MIB)):
        for kind in ("content", "reasoning"):
            bound = ReplyBounds("Ollama", tokens)
            assert bound.take(Chunk(**{kind: "x" * (most - 10)})) is None
            within = bound.take(Chunk(**{kind: "é" * 20}))
            assert within is not None
            assert getattr(within, kind) == "é" * 5
    pieces = ReplyBounds("Ollama", 1000)
    told = [pieces.take(Chunk()) is None for _ in range(2**16 + 1)]
    assert told == [True] * 2**16 + [False]


async def test_a_reply_ends_after_an_hour(monkeypatch: pytest.MonkeyPatch):
    """Also one that only keeps the connection alive; the server is left."""
    monkeypatch.setattr(bounds, "SECONDS", 0.1)
    async with ScriptedOllama() as server:
        provider = ollama_at(server.url)
        plan = plan_of(PLAIN)
        object.__setattr__(plan.route, "provider", provider)
        request = ChatRequest("flood_pings", (ChatMessage("user", "Hi"),))
        phases = engine._Phases(lambda *_: None, None)
        chunks = engine._send(request, plan, phases, Result.of(plan))
        with pytest.raises(errors.ReplyTooLong, match="for an hour"):
            async for _ in chunks:
                pass
        assert await server.chats[0].wait_ended() == "client_gone"
        await provider.aclose()


@pytest.mark.parametrize("refusal", [DataError("too large"), OverflowError(), ValueError("NUL")])
async def test_an_end_is_stored_without_figures_that_are_refused(
    refusal: Exception, monkeypatch: pytest.MonkeyPatch
):
    """And told as it was stored."""
    from streaming.replies import making

    plan = plan_of(PLAIN)
    result = Result.of(plan)
    result.end_with(Finish("stop", Usage(10**30, 1)))
    stored: list[dict[str, Any]] = []

    def close_reply(**columns: Any) -> bool:
        stored.append(columns)
        if columns["tokens"]["prompt"] > 10**9:
            raise refusal
        return True

    class Turn:
        id = writer = conversation_id = owner_id = None
        log = engine.MemoryLog({"id": "1"})  # type: ignore[typeddict-item]

    turn = Turn()
    turn.result, turn.plan = result, plan  # type: ignore[attr-defined]
    monkeypatch.setattr(replies, "close_reply", close_reply)
    monkeypatch.setattr(making.queue, "waits", lambda conversation_id: False)
    end = await making._store(turn, result.end(Status.COMPLETED, "stop", None, ""))  # type: ignore[arg-type]
    assert end is not None
    assert (end.status, end.finish_reason, end.context) == ("completed", "stop", None)
    assert stored[-1]["tokens"] == stored[-1]["reply"].tokens == end.tokens
    assert end.tokens is not None
    assert end.tokens["source"] == "estimated"


def test_a_thought_that_was_closed_too_late_is_told_right_in_a_whole_answer():
    chunks = [Chunk("Let "), Chunk("me.\n\n"), Chunk("\n"), Chunk("Yes."), Chunk("\n")]
    told = as_told_at_the_end(chunks, 7)
    assert "".join(chunk.reasoning for chunk in told) == "Let me."
    assert "".join(chunk.content for chunk in told) == "Yes.\n"
    assert as_told_at_the_end(chunks, 0) == chunks


@pytest.mark.parametrize(
    ("prompt", "reply", "sentence"),
    [
        (
            9001,
            4096,
            "context length is 8192 tokens. However, your messages resulted in 9001",
        ),
        (
            6282,
            4096,
            "8192 tokens. However, you requested 10378 tokens (6282 in the messages,",
        ),
        (100, 100, "The conversation is too long"),
    ],
)
def test_a_refusal_names_numbers_that_explain_it(prompt: int, reply: int, sentence: str):
    refusal = errors.ContextTooLong(
        "The conversation is too long for the model.", window=8192, prompt_tokens=prompt
    )
    refusal.reply_tokens = reply
    assert sentence in error(refusal)[1]["error"]["message"]
