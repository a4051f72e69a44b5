"""The beginning of turns, and of the replies that go on with one: from a request to a task.

`opening` and `steps` say what is looked at and stored.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from uuid import UUID
from weakref import WeakValueDictionary

from channels.db import database_sync_to_async

from conversations.errors import ConversationBusy, TooManyAtOnce, TooManyRequests, Unavailable
from conversations.threads.selectors import OpenedTurn, TurnContext
from streaming import hints
from streaming.caller import Caller
from streaming.db_threads import db_threads
from streaming.errors import describe
from streaming.limits import Limits, Permit, count_refusals
from streaming.peers import Peers
from streaming.replies import message_queue, opening, steps
from streaming.replies.commands import TurnRequest
from streaming.replies.opening import Looked
from streaming.replies.prompt import Plan
from streaming.replies.running import RunningTurns
from streaming.replies.steps import Step
from streaming.replies.turn import Turn
from streaming.routing import Router
from streaming.tools.runs import announce

# How soon to look again for a free place of a caller whose turn is to go on.
STEP_AGAIN = 1.0


class Beginnings:
    """Begins the turns of this process, one at a time in each conversation."""

    def __init__(
        self,
        router: Router,
        limits: Limits,
        peers: Peers,
        running: RunningTurns,
        launch: Callable[[OpenedTurn, Plan, Permit], Turn],
        advance: Callable[[UUID], None],
    ) -> None:
        """`launch` starts the task of a turn whose rows are stored; `advance` begins what waits in
        a conversation."""
        self._router, self._limits, self._peers = router, limits, peers
        self._running, self._launch, self._advance = running, launch, advance
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self.draining = False

    def lock(self, conversation_id: UUID) -> asyncio.Lock:
        """Held while a turn begins in a conversation."""
        return self._locks.setdefault(conversation_id, asyncio.Lock())

    async def begin(
        self, caller: Caller, conversation_id: UUID, request: TurnRequest, provider: str
    ) -> tuple[UUID | None, bool]:
        """`Turns.begin`."""
        async with self.lock(conversation_id), db_threads.borrow(), self._running.new_ids() as ids:
            try:
                opened, plan, permit = await self._open(
                    caller, conversation_id, request, provider, ids
                )
            except (ConversationBusy, TooManyRequests, TooManyAtOnce):
                if not request.queue:
                    raise
                await message_queue.put(caller, conversation_id, request)
                self._advance(conversation_id)  # the conversation may be free by now
                return None, False
            if plan is None or permit is None:
                return opened.reply.id, False
            turn = self._launch(opened, plan, permit)
        # A task that is cancelled before its first step never runs its `finally`.
        await asyncio.sleep(0)
        self._running.spawn(_send_hints(turn, opened), f"hints of {turn.id}")
        return turn.id, True

    async def _open(
        self,
        caller: Caller,
        conversation_id: UUID,
        request: TurnRequest,
        provider: str,
        ids: tuple[UUID, UUID],
    ) -> tuple[OpenedTurn, Plan | None, Permit | None]:
        """Find the turn of a request that was made before, or take a permit, plan the reply and
        store its rows. Only a turn that this call made has a plan and a permit."""
        busy = self.draining or self._running.within(conversation_id) is not None
        with count_refusals():
            looked = await db_threads.run(self._look, caller, conversation_id, request, busy=busy)
        if looked.made is not None:
            return looked.made, None, None
        if self.draining:
            raise Unavailable("The server is restarting. Try again in a moment.")
        context = looked.context
        if context is None:
            raise ConversationBusy
        permit = await self._limits.admit(caller, bounds=looked.bounds)
        try:
            plan = await opening.plan(self._router, caller, context, request, provider)
            await self._peers.begin(ids[1])
            opened = await db_threads.run(self._store, context, request, plan, ids)
        except BaseException:
            permit.release()
            raise
        if opened.created:
            return opened, plan, permit
        permit.release()
        return opened, None, None

    def _look(
        self, caller: Caller, conversation_id: UUID, request: TurnRequest, *, busy: bool
    ) -> Looked:
        """`opening.look`. Where another process still writes the message above, it was read in
        part, and may be whole before the turn is stored: the conversation is busy."""
        looked = opening.look(caller, conversation_id, request, busy=busy)
        context = looked.context
        if context is None or not context.runs:
            return looked
        return looked if self._peers.close_abandoned(context.conversation) else Looked()

    def _store(
        self, context: TurnContext, request: TurnRequest, plan: Plan, ids: tuple[UUID, UUID]
    ) -> OpenedTurn:
        """Store the rows of a turn. A reply that a process left open when it died is closed first:
        else it would keep the conversation busy for ever."""
        store = partial(opening.store, context, request, plan, ids=ids, writer=self._peers.process)
        try:
            return store()
        except ConversationBusy:
            ours = self._running.within(context.conversation.id)
            if ours or not self._peers.close_abandoned(context.conversation):
                raise
            return store()

    async def go_on(self, asking_id: UUID) -> None:
        """Begin the reply that follows one whose calls are over, where its turn waits for it."""
        async with db_threads.borrow():
            step = await database_sync_to_async(steps.look)(asking_id)
            if step is None or self.draining:
                return
            try:
                permit = await self._place_for(step)
                begun = await self._begin_step(step, permit)
            except Exception as error:  # noqa: BLE001 - told as the end of the reply
                opened = await database_sync_to_async(steps.fail)(step, describe(error).as_error())
                if opened is not None:
                    await hints.turn_started(opened.conversation.id, opened.reply.id)
                    self._advance(opened.conversation.id)
                return
        if begun is not None:
            await asyncio.sleep(0)
            self._running.spawn(_send_hints(*begun), f"hints of {begun[0].id}")

    async def _place_for(self, step: Step) -> Permit:
        """One of the caller's places, when there is one."""
        while True:
            bounds = await database_sync_to_async(steps.bounds)(step.caller)
            try:
                return await self._limits.admit(step.caller, bounds=bounds)
            except TooManyAtOnce as refusal:
                await asyncio.sleep(min(refusal.retry_after, STEP_AGAIN))

    async def _begin_step(self, step: Step, permit: Permit) -> tuple[Turn, OpenedTurn] | None:
        conversation_id = step.context.conversation.id
        async with self.lock(conversation_id), self._running.new_ids() as (_, reply_id):
            try:
                plan = await opening.plan(self._router, step.caller, step.context, step.request, "")
                await self._peers.begin(reply_id)
                opened = await database_sync_to_async(steps.store)(
                    step, plan, reply_id, self._peers.process
                )
            except BaseException:
                permit.release()
                raise
            if opened is None:
                permit.release()
                return None
            return self._launch(opened, plan, permit), opened


async def _send_hints(turn: Turn, opened: OpenedTurn) -> None:
    """Send the hints of a new turn. Not awaited by the reply: with many turns at once the channel
    layer takes a while."""
    conversation = opened.conversation
    await announce(conversation.id, opened.denied)
    await hints.turn_started(conversation.id, turn.id)
    await hints.conversation_changed(conversation)
