"""Replies that belong to a request, not to a conversation: made for it, and ended with it.

Nothing of them is stored but what they cost. The engine is the same as that of `turns`.
"""

import asyncio
import contextvars
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from channels.db import database_sync_to_async
from django.db import DatabaseError

from conversations.errors import NotAuthenticated, Unavailable
from conversations.people import keys
from conversations.threads.models import Status
from conversations.usage import services as usage
from providers.errors import ProviderError
from providers.types import ChatMessage, Chunk, Embeddings
from streaming import metrics, revocation
from streaming.caller import Caller
from streaming.db_threads import db_threads
from streaming.errors import describe
from streaming.events import End
from streaming.limits import Limits, Permit
from streaming.provider_slots import ProviderSlots
from streaming.replies import engine
from streaming.replies.engine import Plan, Result
from streaming.replies.prompt import estimate_tokens
from streaming.routing import Router

logger = logging.getLogger(__name__)

# How long the end of the server waits for readers to hear of it, in seconds.
GOODBYE_SECONDS = 5.0
RESTARTING = "The server is restarting. Try again in a moment."

Planning = Callable[[], Awaitable[Plan]]


class Answer:
    """One reply, from finding out who makes it (`planning`) to its end. `result` names who does as
    soon as that is known. `chunks` is everything that was said so far, `over` is true when nothing
    more comes; then `tokens` has the counts, and `error` why it is not whole."""

    def __init__(self, caller: Caller, permit: Permit, planning: Planning) -> None:
        self.caller = caller
        self.permit = permit
        self.planning = planning
        self.plan: Plan | None = None
        self.result = Result(provider_used="", model="", context={})
        self.chunks: list[Chunk] = []
        self.position: int | None = None
        self.over = False
        self.error: Exception | None = None
        self.tokens: dict[str, Any] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._cut: Exception | None = None
        self._ending = False

    async def pieces(self, patience: float) -> AsyncGenerator[list[Chunk]]:
        """What is said, as it comes; whatever has come while the reader was busy is in one list.
        An empty list after `patience` seconds without anything.

        Ends after the last piece. Raises what the reply failed of.
        """
        read = 0
        while True:
            self._news.clear()
            if len(self.chunks) > read:
                pieces, read = self.chunks[read:], len(self.chunks)
                yield pieces
                continue
            if self.over:
                break
            try:
                async with asyncio.timeout(patience):
                    await self._news.wait()
            except TimeoutError:
                yield []
        if self.error is not None:
            raise self.error

    async def wait(self) -> None:
        """Return when it is over. Raises what it failed of."""
        while not self.over:
            self._news.clear()
            await self._news.wait()
        if self.error is not None:
            raise self.error

    def cancel(self, why: Exception | None = None) -> None:
        """End it early: its reader has gone, or is to be told `why`. Repeating it changes
        nothing."""
        if self._task is not None and not self._ending:
            self._cut = self._cut or why
            self._task.cancel()

    def start(self, router: Router, slots: ProviderSlots) -> asyncio.Task[None]:
        """Make the reply in a task of its own: one in the context of the request would break
        when the request ends."""
        self._task = asyncio.get_running_loop().create_task(
            self._run(router, slots), name="answer", context=contextvars.Context()
        )
        return self._task

    def _on_position(self, position: int) -> None:
        self.position = position

    def _add(self, chunk: Chunk) -> None:
        self.position = None
        if chunk.content or chunk.reasoning or chunk.tool_parts:
            self.chunks.append(chunk)
            self._news.set()

    async def _run(self, router: Router, slots: ProviderSlots) -> None:
        failure: Exception | None = None
        status = Status.COMPLETED
        revoked = partial(self.cancel, NotAuthenticated())
        try:
            with revocation.api_keys.running(self.caller.key_id, revoked):
                self.plan = plan = await self.planning()
                self.result.take(plan)
                metrics.running.inc()
                stream = engine.stream(plan, router, slots, self.result, self._on_position)
                async with aclosing(stream) as chunks:
                    async for chunk in chunks:
                        self._add(chunk)
        except asyncio.CancelledError:
            if self.result.finish is None:  # else it was whole before the cut came
                status, failure = Status.STOPPED, self._cut
                if isinstance(failure, Unavailable):
                    status = Status.INTERRUPTED
        except Exception as error:
            status, failure = Status.FAILED, error
            if describe(error).code == "internal":
                logger.error("an answer failed unexpectedly", exc_info=error)
        await self._end(status, failure)

    async def _end(self, status: Status, failure: Exception | None) -> None:
        """Give the place back, write down what the reply cost, and tell that it is over."""
        self._ending = True
        self.permit.release()
        if self.plan is None:  # nobody was asked
            self.error, self.over = failure, True
            self._news.set()
            return
        said = (
            chunk.content + chunk.reasoning + "".join(part.arguments for part in chunk.tool_parts)
            for chunk in self.chunks
        )
        result, caller = self.result, self.caller
        self.tokens = result.tokens(self.plan.fitted, "".join(said))
        async with db_threads.borrow():
            await _record(caller, result.model, result.provider_used, self.tokens, status)
        self.error, self.over = failure, True
        self._news.set()
        end = End(
            status=str(status),
            finish_reason=result.finish.reason if result.finish else None,
            model=result.model,
            provider_used=result.provider_used,
            fallback_used=result.fallback_used,
            context=result.context,
            tokens=self.tokens,
            error=describe(failure).as_error() if failure else None,
        )
        metrics.observe(end, result)
        _log(caller, end, result)


class Answers:
    """The answers of this process. Lives in one event loop."""

    def __init__(self, router: Router, limits: Limits, slots: ProviderSlots) -> None:
        self.router, self.limits, self.slots = router, limits, slots
        self._draining = False
        self._running: dict[Answer, asyncio.Task[None]] = {}
        self._readers: set[asyncio.Task[Any]] = set()

    async def begin(
        self,
        caller: Caller,
        *,
        model: str | None,
        messages: tuple[ChatMessage, ...],
        parameters: dict[str, Any],
    ) -> Answer:
        """Begin a reply, which ends with the task that calls this, however that task ends. What
        has to be found out first (who answers, and whether the model is theirs) belongs to it: it
        may take long, and the reply fails with what comes of it.

        Raises:
            Problem: throttled, shutting down.
        """

        async def plan() -> Plan:
            wanted = keys.choose_model(caller.key, model, None)
            route = await self.router.route_or_fallback(model=wanted)
            return engine.make_whole_plan(
                caller=caller, route=route, messages=messages, parameters=parameters
            )

        answer = Answer(caller, await self._admit(caller), plan)
        reader = asyncio.current_task()
        assert reader is not None  # noqa: S101 - for mypy
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)
        reader.add_done_callback(lambda _: answer.cancel())
        self._running[answer] = answer.start(self.router, self.slots)
        self._running[answer].add_done_callback(lambda _: self._running.pop(answer))
        # A task that is cancelled before its first step gives nothing back.
        await asyncio.sleep(0)
        return answer

    async def embed(
        self, caller: Caller, *, model: str, texts: Sequence[str], dimensions: int | None
    ) -> tuple[Embeddings, dict[str, Any]]:
        """The vectors of `texts` by the default provider, and the tokens they cost.

        Raises:
            Problem: throttled, the model is not allowed, shutting down.
            ProviderError: there are none.
        """
        permit = await self._admit(caller)
        status, provider, found, served = Status.FAILED, "", None, False
        try:
            chosen = await self.router.choose_for(model)
            provider = chosen.name
            self.router.check_allowed(model)
            keys.require_model(caller.key, model)
            model = await self.router.listed_name(chosen, model)
            async with self.slots.slot(provider, caller.user.pk, lambda _: None):
                served = True
                found = await chosen.embed(model, texts, dimensions)
            status = Status.COMPLETED
        except asyncio.CancelledError:
            status = Status.STOPPED
            raise
        except ProviderError:
            served = False
            raise
        finally:
            permit.release()
            tokens = _embedding_tokens(texts if served else (), found)
            await _record(caller, model, provider, tokens, status)
        return found, tokens

    async def _admit(self, caller: Caller) -> Permit:
        if self._draining:
            raise Unavailable(RESTARTING)
        return await self.limits.admit(caller)

    async def drain(self, seconds: float) -> None:
        """Take no more; let answers finish for `seconds`; end the others with an error, and let
        their readers tell it."""
        self._draining = True
        if ends := [*self._running.values(), *self._readers]:
            await asyncio.wait(ends, timeout=seconds)
            for answer in list(self._running):
                answer.cancel(Unavailable(RESTARTING))
            await asyncio.wait(ends, timeout=GOODBYE_SECONDS)


def _embedding_tokens(texts: Sequence[str], found: Embeddings | None) -> dict[str, Any]:
    counted = found.prompt_tokens if found else None
    prompt = sum(map(estimate_tokens, texts)) if counted is None else counted
    source = "estimated" if counted is None else "provider"
    return {"prompt": prompt, "completion": 0, "total": prompt, "source": source}


async def _record(
    caller: Caller, model: str, provider: str, tokens: dict[str, Any], status: Status
) -> None:
    """Write down what an answer cost. Nobody's answer fails when that cannot be done."""
    try:
        await database_sync_to_async(usage.record)(
            user=caller.user,
            key=caller.key,
            model=model,
            provider=provider,
            tokens=tokens,
            source=tokens["source"],
            status=str(status),
            door=caller.door,
        )
    except DatabaseError as error:
        logger.error("the usage of an answer was not recorded (%s)", type(error).__name__)


def _log(caller: Caller, end: End, result: Result) -> None:
    """One line for each answer: figures, never text."""
    times, tokens = result.timings(), end["tokens"] or {}
    logger.info(
        "answer user=%s provider=%s model=%s status=%s error=%s fallback=%s first_token_s=%s "
        "total_s=%s prompt_tokens=%s completion_tokens=%s tokens_from=%s",
        caller.user.pk,
        end["provider_used"],
        end["model"],
        end["status"],
        (end["error"] or {}).get("code", "-"),
        str(end["fallback_used"]).lower(),
        times.get("first_token_s", "-"),
        times["total_s"],
        tokens.get("prompt", "-"),
        tokens.get("completion", "-"),
        tokens.get("source", "-"),
    )
