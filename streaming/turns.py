"""A running reply: made here, found here, stopped here. It belongs to its conversation.

One task makes one reply. It is the only writer of the reply's log and of the reply's row, and it
goes on when nobody listens. Doors only call `begin`, `find`, `wait`, `stop`, `drain`, `reap`.
"""

import asyncio
import contextvars
import logging
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from channels.db import database_sync_to_async

from conversations import access, keys, parameters, queue, selectors, services
from conversations.errors import ConversationBusy, TooManyAtOnce, TooManyRequests, Unavailable
from conversations.models import OPEN, Status, User
from conversations.selectors import OpenedTurn, TurnContext
from providers.errors import ProviderError
from streaming import engine, hints, metrics, storing, waiting
from streaming.answers import Answers
from streaming.commands import Ask
from streaming.engine import Plan
from streaming.errors import Description, describe
from streaming.follow import ended
from streaming.keyed import keyed
from streaming.limits import Caller, Limits, Slot
from streaming.line import Lines
from streaming.routing import Router
from streaming.stripes import stripes
from streaming.turn import Turn, log_turn, outcome

logger = logging.getLogger(__name__)

NOT_STORED = Description(
    "unavailable", "The reply could not be stored: the database does not answer.", 503, True
)


class Turns:
    """The running replies of this process. Lives in one event loop."""

    def __init__(self, limits: Limits, lines: Lines) -> None:
        self.router = Router()
        self.limits, self.lines = limits, lines
        self.answers = Answers(self.router, limits, lines)
        self.held = waiting.Held(self.advance)
        self.draining = False
        self._running: dict[UUID, Turn] = {}
        self._by_conversation: dict[UUID, Turn] = {}
        self._opening: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- What doors call --------------------------------------------------------------------

    async def begin(
        self, caller: Caller, conversation_id: UUID, ask: Ask, *, provider: str = ""
    ) -> tuple[UUID | None, bool]:
        """Accept `ask`: store it, start its reply, and give the reply's id and whether it is new;
        no id when the conversation is busy, or the caller has no place left, and `ask` has let
        itself be queued.

        A client_id that was accepted before gives the reply it made then, and costs nothing of
        the caller's limits. Cancelling the caller changes nothing: what was begun is begun.

        Raises:
            Problem: not found, busy, throttled, conflicting client_id, invalid input, shutting
                down.
            ProviderError: there is no model to ask.
        """
        return await asyncio.shield(
            self._spawn(self._begin(caller, conversation_id, ask, provider), "begin")
        )

    def find(self, reply_id: UUID) -> Turn | None:
        """The turn with this id, if it runs here."""
        return self._running.get(reply_id)

    def running_in(self, conversation_id: UUID) -> Turn | None:
        """The turn that runs in a conversation, if one does."""
        return self._by_conversation.get(conversation_id)

    async def wait(self, reply_id: UUID) -> None:
        """Return when the reply has ended and its row says so. Cancelling stops nothing."""
        if turn := self._running.get(reply_id):
            await ended(turn.log)

    async def result(self, reply_id: UUID) -> OpenedTurn:
        """The stored turn of a reply that does not run here (any more). A row left open by a
        writer that is gone is closed as interrupted. Raises `NotFound`."""
        async with stripes.borrow():
            opened: OpenedTurn = await database_sync_to_async(self._result)(reply_id)
            return opened

    def _result(self, reply_id: UUID) -> OpenedTurn:
        opened = selectors.opened_turn(reply_id=reply_id)
        if opened.reply.status in OPEN and reply_id not in self._running:
            services.interrupt_open_replies(conversation=opened.conversation)
            opened = selectors.opened_turn(reply_id=reply_id)
        return opened

    async def stop(self, reply_id: UUID) -> None:
        """Ask a reply to end. Returns at once and may be repeated; `wait` tells the end."""
        turn = self._running.get(reply_id)
        if turn is None or turn.log.end is not None:
            return
        if turn.cut_as is None:
            turn.cut(Status.STOPPED)
            self._spawn(storing.announce_stopping(turn), "announce-stopping")

    async def stop_conversation(self, conversation_id: UUID) -> None:
        """Stop what runs in a conversation, and return when it has ended."""
        if turn := self._by_conversation.get(conversation_id):
            await self.stop(turn.id)
            await self.wait(turn.id)

    async def reap(self) -> None:
        """Close what a process that died left open, purge what was deleted, and go on with what
        waits. Call it before the first turn begins."""
        async with stripes.borrow():
            count = await database_sync_to_async(services.interrupt_open_replies)()
            await database_sync_to_async(services.purge_deleted)()
            left = await database_sync_to_async(queue.waiting_conversations)()
        if count:
            logger.warning("replies interrupted by the last end of the server: %d", count)
        for conversation_id in left:
            self.advance(conversation_id)

    def advance(self, conversation_id: UUID) -> None:
        """Begin the turn of the next message that waits in a conversation, if nothing runs."""
        self._spawn(waiting.advance(self, conversation_id), "advance")

    def warm_up(self) -> None:
        """Begin to start the embedded model, if it is what would answer."""
        self._spawn(self._warm_up(), "warm-up")

    async def _warm_up(self) -> None:
        with suppress(ProviderError):
            provider = await self.router.choose()
            if provider.name == "local":
                await provider.health()

    async def drain(self, seconds: float) -> None:
        """Take no more; let replies finish for `seconds`; interrupt and store the others."""
        self.draining = True
        ends = [asyncio.ensure_future(ended(turn.log)) for turn in self._running.values()]
        if ends:
            await asyncio.wait(ends, timeout=seconds)
        for turn in list(self._running.values()):
            turn.cut(Status.INTERRUPTED)
        if ends:
            await asyncio.wait(ends, timeout=5.0)
        for end in ends:
            end.cancel()

    async def aclose(self) -> None:
        """Close the providers, after `drain`."""
        await self.router.aclose()

    # --- Beginning --------------------------------------------------------------------------

    async def _begin(
        self, caller: Caller, conversation_id: UUID, ask: Ask, provider: str
    ) -> tuple[UUID | None, bool]:
        lock = self._opening.setdefault(conversation_id, asyncio.Lock())
        async with lock, stripes.borrow():
            try:
                opened, plan, slot = await self._open(caller, conversation_id, ask, provider)
            except (ConversationBusy, TooManyRequests, TooManyAtOnce):
                if not ask.queue:
                    raise
                await waiting.put(caller, conversation_id, ask)
                self.advance(conversation_id)  # in case there is room by now
                return None, False
            if plan is None or slot is None:
                return opened.reply.id, False
            turn = Turn(opened, plan, slot)
            self._running[turn.id] = self._by_conversation[turn.conversation_id] = turn
            metrics.running.inc()
            self._spawn(self._run(turn), f"turn {turn.id}")
        # A task that is cancelled before its first step never runs its `finally`.
        await asyncio.sleep(0)
        await hints.turn_started(turn.conversation_id, turn.id)
        await hints.conversation_changed(
            turn.conversation_id, opened.conversation.title, opened.conversation.head_id
        )
        return turn.id, True

    async def _open(
        self, caller: Caller, conversation_id: UUID, ask: Ask, provider: str
    ) -> tuple[OpenedTurn, Plan | None, Slot | None]:
        """Find the turn of `ask`, or take one of the caller's places, plan it and store its
        rows. Only a turn that this call made has a plan and a place."""
        known, context = await database_sync_to_async(_look)(caller.user, conversation_id, ask)
        if known is not None:
            return known, None, None
        assert context is not None  # noqa: S101 - `_look` gives one or the other
        if self.draining:
            raise Unavailable("The server is restarting. Try again in a moment.")
        if conversation_id in self._by_conversation:
            raise ConversationBusy
        # What lets itself be queued does not overtake what waits already.
        if ask.queue and await database_sync_to_async(queue.following)(
            conversation_id=conversation_id
        ):
            raise ConversationBusy
        slot = await self.limits.admit(caller)
        try:
            plan = await self._plan(caller, context, ask, provider)
            opened = await database_sync_to_async(self._store)(context, ask, plan)
        except BaseException:
            slot.release()
            raise
        if opened.created:
            return opened, plan, slot
        slot.release()
        return opened, None, None

    async def _plan(self, caller: Caller, context: TurnContext, ask: Ask, provider: str) -> Plan:
        """Which model is to answer, and what it is to be told."""
        settled = {**parameters.defaults(), **context.conversation.settings, **ask.parameters}
        remembered = context.conversation.settings.get("model")
        model = keys.choose_model(
            caller.key, ask.parameters.get("model"), None if provider else remembered
        )
        route = await self.router.route(model=model, provider=provider)
        return engine.make_plan(
            caller=caller,
            route=route,
            history=context.history,
            content=ask.content,
            parameters=settled,
        )

    def _store(self, context: TurnContext, ask: Ask, plan: Plan) -> OpenedTurn:
        """Store the rows of a turn. A reply that nobody is writing any more is closed first."""

        def attempt() -> OpenedTurn:
            used = {name: plan.parameters[name] for name in parameters.defaults()}
            return services.open_turn(
                context=context,
                client_id=ask.client_id,
                content=ask.content,
                message_id=ask.message_id,
                remember=ask.parameters,
                reply={
                    "model": plan.route.model,
                    "provider_used": plan.route.provider.name,
                    "parameters": used,
                    "context": plan.fitted.as_context(plan.route.window),
                    "key": plan.caller.key,
                    "door": plan.caller.door,
                },
            )

        try:
            return attempt()
        except ConversationBusy:
            if context.conversation.id in self._by_conversation:
                raise
            services.interrupt_open_replies(conversation=context.conversation)
            return attempt()

    # --- Running ----------------------------------------------------------------------------

    async def _run(self, turn: Turn) -> None:
        """Make one reply from its first piece to its stored end."""
        async with stripes.borrow():
            turn.producer = asyncio.create_task(
                engine.produce(turn.plan, self.router, self.lines, turn.log, turn.result)
            )
            keeper = asyncio.create_task(storing.keep(turn))
            if turn.cut_as:
                turn.producer.cancel()
            failure: BaseException | None = None
            try:
                with keyed.running(turn.plan.caller.key, partial(turn.cut, Status.STOPPED)):
                    await turn.producer
            except asyncio.CancelledError:
                if turn.cut_as is None:  # the loop itself is going down
                    turn.cut_as = Status.INTERRUPTED
            except Exception as error:
                failure = error
                if describe(error).code == "internal":
                    logger.error("turn %s failed unexpectedly", turn.id, exc_info=error)
            keeper.cancel()
            await asyncio.wait([keeper])
            try:
                await self._close(turn, failure)
            finally:
                turn.slot.release()

    async def _close(self, turn: Turn, failure: BaseException | None) -> None:
        """Store the end, then tell it."""
        end, finish_reason = outcome(turn, failure)
        log, result = turn.log, turn.result
        fields = {
            "status": end["status"],
            "content": log.text("content"),
            "reasoning": log.text("reasoning"),
            "seq": log.seq,
            "finish_reason": finish_reason or "",
            "model": result.model,
            "provider_used": result.provider_used,
            "fallback_used": result.fallback_used,
            "tokens": end["tokens"],
            "context": result.context,
            "timings": result.timings(),
            "error": end["error"],
        }
        if not await storing.store_end(turn, fields):
            end["status"], end["error"] = str(Status.FAILED), NOT_STORED.as_error()
        self._running.pop(turn.id, None)
        if self._by_conversation.get(turn.conversation_id) is turn:
            del self._by_conversation[turn.conversation_id]
        turn.slot.release()
        log.finish(end)
        self.advance(turn.conversation_id)
        self.held.place_free(turn.user_id)
        metrics.observe(end, result)
        log_turn(turn, end)

    def _spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run `work` on its own: a task made inside a request would inherit its context, and
        break when the request ends."""
        task = asyncio.get_running_loop().create_task(
            work, name=name, context=contextvars.Context()
        )
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        # `begin` tells its caller; of any other task nobody would hear.
        if not task.cancelled() and task.get_name() != "begin" and (error := task.exception()):
            logger.error("the task %s failed", task.get_name(), exc_info=error)


def _look(
    user: User, conversation_id: UUID, ask: Ask
) -> tuple[OpenedTurn | None, TurnContext | None]:
    """The turn that `ask` already made, or what a new one is built from."""
    conversation = access.conversation(user, conversation_id)
    known = selectors.known_turn(
        conversation=conversation,
        client_id=ask.client_id,
        content=ask.content,
        message_id=ask.message_id,
    )
    if known is not None:
        return known, None
    return None, selectors.turn_context(
        conversation=conversation,
        parent_id=ask.parent_id,
        parent_given=ask.parent_given,
        regenerate=ask.message_id,
        go_on=ask.go_on,
    )
