"""Replies that belong to a request, not to a conversation: made for it, and ended with it.

Only their usage is stored. The engine is that of `turns`.
"""

import asyncio
import contextvars
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from conversations.errors import NotAuthenticated, Unavailable
from conversations.people import keys
from conversations.threads.models import Status
from providers.types import ChatMessage, Chunk
from streaming import metrics, revocation
from streaming.caller import Caller
from streaming.errors import describe
from streaming.heavy_work import beside_the_loop
from streaming.limits import Limits, Permit
from streaming.provider_slots import ProviderSlots
from streaming.replies import engine
from streaming.replies.accounting import record_end
from streaming.replies.making import outcome
from streaming.replies.prompt import Plan, is_long, make_whole_plan
from streaming.replies.result import Result
from streaming.routing import Router
from streaming.small_queue import SmallEvent

logger = logging.getLogger(__name__)

# How long the end of the server waits for readers to hear of it, in seconds.
GOODBYE_SECONDS = 5.0
# How long a request waits until others of its caller have ended, in seconds. Clients open more at
# once than they may, and give up after a few refusals.
PERMIT_SECONDS = 10.0
RESTARTING = "The server is restarting. Try again in a moment."


class _Silence:
    """Calls `wake` after some seconds in which nothing was said, and is `over` then. One timer
    serves a whole stream: it is not set anew for each piece."""

    def __init__(self, seconds: float, wake: Callable[[], None]) -> None:
        self._seconds, self._wake = seconds, wake
        self._loop = asyncio.get_running_loop()
        self.begin()
        self._timer = self._loop.call_later(seconds, self._look)

    def begin(self) -> None:
        """Something was said just now."""
        self.over, self._since = False, self._loop.time()

    def end(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        left = self._since + self._seconds - self._loop.time()
        if left <= 0:
            self.over, left = True, self._seconds
            self._wake()
        self._timer = self._loop.call_later(left, self._look)


Planning = Callable[[], Awaitable[Plan]]


class StatelessReply:
    """One reply, from waiting for a permit (`admission`) and choosing its provider (`planning`) to
    its end.

    `result` names the provider and the model as soon as they are chosen. When `over` is true
    nothing more comes: `tokens` has the counts, and `error` says why the reply is not whole. It has
    one reader, of its `pieces` or of the `whole`.
    """

    def __init__(
        self, caller: Caller, admission: Callable[[], Awaitable[Permit]], planning: Planning
    ) -> None:
        self.caller = caller
        self.admission = admission
        self.permit: Permit | None = None
        self.planning = planning
        self.result = Result()
        self._unread: list[Chunk] = []
        self._said: list[str] = []
        self.position: int | None = None
        self.over = False
        self.error: Exception | None = None
        self.tokens: dict[str, Any] = {}
        self._news = SmallEvent()
        self._task: asyncio.Task[None] | None = None
        self._reason: Exception | None = None
        self._ending = False

    @property
    def headers(self) -> dict[str, str]:
        """The headers with the limits of a caller that was admitted."""
        return self.permit.headers if self.permit else {}

    async def pieces(self, patience: float) -> AsyncGenerator[list[Chunk]]:
        """Yield what is said as it comes; what came while the reader was busy is one list. Yields
        an empty list after `patience` seconds without anything. Ends after the last piece.

        Raises:
            Exception: why the reply failed.
        """
        silence = _Silence(patience, self._news.set)
        try:
            while True:
                self._news.clear()
                if pieces := self._unread:
                    self._unread = []  # what was told is not kept
                    yield pieces
                    silence.begin()
                elif self.over:
                    break
                elif silence.over:
                    yield []
                    silence.begin()
                else:
                    await self._news.wait()
        finally:
            silence.end()
        if self.error is not None:
            raise self.error

    async def whole(self) -> list[Chunk]:
        """Return all that was said, when the reply is over. Raises why it failed."""
        while not self.over:
            self._news.clear()
            await self._news.wait()
        if self.error is not None:
            raise self.error
        finish = self.result.finish
        return as_told_at_the_end(self._unread, finish.thought_characters if finish else 0)

    def cancel(self, reason: Exception | None = None) -> None:
        """End the reply early: its reader has gone, or gets `reason`. May be repeated."""
        if self._task is not None and not self._ending:
            self._reason = self._reason or reason
            self._task.cancel()

    def start(self, router: Router, slots: ProviderSlots) -> asyncio.Task[None]:
        """Make the reply in a task of its own: in the context of the request it would break when
        the request ends."""
        self._task = asyncio.get_running_loop().create_task(
            self._run(router, slots), name="stateless reply", context=contextvars.Context()
        )
        return self._task

    def _enter(self, phase: str, position: int | None) -> None:
        self.position = position

    def _add(self, chunk: Chunk) -> None:
        if chunk.content or chunk.reasoning or chunk.tool_parts:
            self.position = None
            self._unread.append(chunk)
            self._said.append(_text(chunk))
            self._news.set()

    async def _run(self, router: Router, slots: ProviderSlots) -> None:
        failure: Exception | None = None
        cut_as: Status | None = None
        plan: Plan | None = None
        revoked = partial(self.cancel, NotAuthenticated())
        try:
            with revocation.work_of(self.caller, revoked):
                self.permit = await self.admission()
                plan = await self.planning()
                self.result.take(plan)
                metrics.running.inc()
                stream = engine.stream(plan, router, slots, self.result, self._enter)
                async with aclosing(stream) as chunks:
                    async for chunk in chunks:
                        self._add(chunk)
        except asyncio.CancelledError:
            restarting = isinstance(self._reason, Unavailable)
            cut_as = Status.INTERRUPTED if restarting else Status.STOPPED
        except Exception as error:
            failure = error
            if describe(error).code == "internal":
                logger.error("a stateless reply failed unexpectedly", exc_info=error)
        self._ending = True
        if self.permit is not None:
            self.permit.release()
        try:
            if plan is not None:  # else no provider was asked
                await self._account(cut_as, failure)
        finally:
            if self.result.finish is None:  # else it was whole before it was cut
                failure = failure or self._reason
            self.error, self.over = failure, True
            self._news.set()

    async def _account(self, cut_as: Status | None, failure: Exception | None) -> None:
        end = outcome(self.result, "".join(self._said), cut_as, failure)
        self.tokens = end.tokens or {}
        await record_end(self.caller, end, self.result)


def _text(chunk: Chunk) -> str:
    """All that a model has written of a chunk."""
    text = chunk.content + chunk.reasoning
    return text + "".join(part.arguments for part in chunk.tool_parts) if chunk.tool_parts else text


def as_told_at_the_end(chunks: list[Chunk], thought: int) -> list[Chunk]:
    """The chunks with the first `thought` characters of their content as reasoning: what a stream
    learns too late is known when the reply is told at once."""
    told: list[Chunk] = []
    after = False  # between the thought and the answer
    for chunk in chunks:
        if thought > 0 and chunk.content:
            cut, content = chunk.content[:thought], chunk.content[thought:]
            thought -= len(cut)
            after = thought <= 0
            chunk = replace(chunk, content="", reasoning=chunk.reasoning + cut, logprobs=())
            if content:
                told.append(chunk)
                chunk = Chunk(content)
        if after and chunk.content:
            content = chunk.content.lstrip()
            after = not content
            chunk = replace(chunk, content=content)
        told.append(chunk)
    return told


class StatelessReplies:
    """The stateless replies of this process. Lives in one event loop."""

    def __init__(self, router: Router, limits: Limits, slots: ProviderSlots) -> None:
        self.router, self.limits, self.slots = router, limits, slots
        self._draining = False
        self._running: dict[StatelessReply, asyncio.Task[None]] = {}
        self._readers: set[asyncio.Task[Any]] = set()

    async def begin(
        self,
        caller: Caller,
        *,
        model: str | None,
        messages: tuple[ChatMessage, ...],
        parameters: dict[str, Any],
        permit: Permit | None = None,
    ) -> StatelessReply:
        """Begin a reply. It is cancelled when the task that calls this ends. A `permit` that was
        taken before is the reply's from then on.

        Waiting for a permit, choosing the provider and checking the model belong to the reply:
        they may take long, and a failure there is the reply's.

        Raises:
            Unavailable: shutting down.
        """

        async def plan() -> Plan:
            wanted = keys.choose_model(caller.key, model, None, await self.router.default_name())
            route = await self.router.route_or_fallback(model=wanted)
            make = partial(
                make_whole_plan,
                caller=caller,
                route=route,
                messages=messages,
                parameters=parameters,
            )
            return await beside_the_loop(make) if is_long(messages) else make()

        async def admit() -> Permit:
            return permit or await self.admit(caller)

        self._require_open()
        reply = StatelessReply(caller, admit, plan)
        reader = asyncio.current_task()
        assert reader is not None  # noqa: S101 - for mypy
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)
        reader.add_done_callback(lambda _: reply.cancel())
        self._running[reply] = reply.start(self.router, self.slots)
        self._running[reply].add_done_callback(lambda _: self._running.pop(reply))
        # A task that is cancelled before its first step never runs: it would not give back the
        # permit.
        await asyncio.sleep(0)
        return reply

    async def admit(self, caller: Caller) -> Permit:
        """Take one of the caller's permits; waits for one. Raises `Problem`: throttled, shutting
        down."""
        self._require_open()
        return await self.limits.admit(caller, wait=PERMIT_SECONDS)

    def _require_open(self) -> None:
        if self._draining:
            raise Unavailable(RESTARTING)

    async def drain(self, seconds: float) -> None:
        """Begin no more replies; give those that run some `seconds` to finish, then end them with
        an error, and give their readers time to tell it."""
        self._draining = True
        if ends := [*self._running.values(), *self._readers]:
            await asyncio.wait(ends, timeout=seconds)
            for reply in list(self._running):
                reply.cancel(Unavailable(RESTARTING))
            await asyncio.wait(ends, timeout=GOODBYE_SECONDS)
