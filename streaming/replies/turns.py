"""The turns of this process: begun, found and stopped here.

One task makes one reply. It is the only writer of the reply's log and of its row, and goes on when
no client is connected: a reply belongs to its conversation.
"""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

from channels.db import database_sync_to_async

from conversations.errors import Unavailable
from conversations.people.models import User
from conversations.threads import message_queue as queue
from conversations.threads import selectors
from conversations.threads.models import OPEN, Status
from conversations.threads.selectors import OpenedTurn
from conversations.tools import approval, calls
from conversations.tools.approval import Decision
from conversations.tools.models import ToolCall, ToolServer
from conversations.upkeep import upkeep
from streaming import metrics
from streaming.caller import Caller
from streaming.db_threads import db_threads
from streaming.limits import Limits, Permit
from streaming.log import MemoryLog
from streaming.peers import Peers
from streaming.provider_slots import ProviderSlots
from streaming.push.notifications import Notifications
from streaming.replies import making, message_queue
from streaming.replies.accounting import record_end
from streaming.replies.autosave import Autosave
from streaming.replies.beginning import Beginnings
from streaming.replies.commands import TurnRequest
from streaming.replies.prompt import Plan
from streaming.replies.running import RunningTurns
from streaming.replies.turn import LOST, Turn
from streaming.routing import Router
from streaming.tools.runs import ToolRuns, announce

logger = logging.getLogger(__name__)

# How long to wait until replies that were cut are stored, in seconds.
CUT_PATIENCE = 5.0
# How soon to look again for a reply of another process that this one cannot follow, in seconds.
WAIT_AGAIN = 0.5


class Turns:
    """The running replies of this process. Lives in one event loop."""

    def __init__(
        self,
        router: Router,
        limits: Limits,
        slots: ProviderSlots,
        peers: Peers,
        notifications: Notifications,
    ) -> None:
        """`peers` are the other processes on this database."""
        self._router, self._slots, self._peers = router, slots, peers
        self._notifications = notifications
        self._running = running = RunningTurns()
        self._beginnings = Beginnings(router, limits, peers, running, self._launch, self.advance)
        self._held = message_queue.Held(self.advance)
        self._autosave = Autosave(running)
        self._tools = ToolRuns(peers.process, running.spawn, self._beginnings.go_on)

    # --- What doors call --------------------------------------------------------------------

    async def begin(
        self, caller: Caller, conversation_id: UUID, request: TurnRequest, *, provider: str = ""
    ) -> tuple[UUID | None, bool]:
        """Store a request and start its reply.

        Returns the reply's id and whether it is new; no id when the request joined the message
        queue, because the conversation is busy or the caller has no permit left. A client_id that
        was accepted before gives the reply that it made then, and costs no permit. Cancelling the
        call changes nothing: the turn begins all the same.

        Raises:
            Problem: not found, busy, throttled, conflicting client_id, invalid input, shutting
                down.
            ProviderError: no provider has a model.
        """
        return await asyncio.shield(
            self._running.spawn(
                self._beginnings.begin(caller, conversation_id, request, provider), "begin"
            )
        )

    def runs(self, reply_id: UUID) -> bool:
        """Whether this process writes a reply."""
        return self._running.find(reply_id) is not None

    def find(self, reply_id: UUID) -> Turn | None:
        """The turn with this id, if it runs here."""
        return self._running.find(reply_id)

    def runs_in(self, conversation_id: UUID) -> bool:
        """Whether a turn of this process runs in a conversation."""
        return self._running.within(conversation_id) is not None

    async def running_in(self, conversation_id: UUID) -> UUID | None:
        """The reply that is being written in a conversation, by any process."""
        if turn := self._running.within(conversation_id):
            return turn.id
        return await self._peers.running_in(conversation_id)

    async def log_of(self, reply_id: UUID) -> MemoryLog | None:
        """The log of a reply that is being written, here or elsewhere; `None` when it has ended.

        Raises:
            NotFound: there is no such reply.
            Unavailable: another process writes it, and this one cannot follow it at the moment.
        """
        if turn := self._running.find(reply_id):
            return turn.log
        return await self._peers.log_of(reply_id)

    async def wait(self, reply_id: UUID) -> None:
        """Return when the reply has ended and its row says so. Cancelling stops nothing."""
        while True:
            with suppress(Unavailable):
                if (log := await self.log_of(reply_id)) is None:
                    return
                await log.closed()
                if log.end is not None:
                    return
            await asyncio.sleep(WAIT_AGAIN)

    async def result(self, reply_id: UUID) -> OpenedTurn:
        """The stored turn of a reply that does not run (any more).

        A row that was left open by a process that died is closed as interrupted first. Raises
        `NotFound`.
        """
        async with db_threads.borrow():
            opened: OpenedTurn = await database_sync_to_async(self._result)(reply_id)
            return opened

    def _result(self, reply_id: UUID) -> OpenedTurn:
        opened = selectors.opened_turn(reply_id=reply_id)
        if (
            opened.reply.status in OPEN
            and not self._running.owns(reply_id)
            and self._peers.close_abandoned(opened.conversation)
        ):
            opened = selectors.opened_turn(reply_id=reply_id)
        return opened

    async def stop(self, reply_id: UUID) -> None:
        """Ask for the end of a reply, here or elsewhere. Returns at once and may be repeated;
        `wait` waits for the end."""
        if self.runs(reply_id):
            await self.stop_here(reply_id)
        else:
            await self._peers.stop(reply_id)

    async def stop_for_person(self, reply_id: UUID, conversation_id: UUID) -> None:
        """`stop`; what waits behind a reply that still runs is held, until it is resumed."""
        if await self.running_in(conversation_id) == reply_id:
            await message_queue.hold(conversation_id)
        elif await self._tools.stop(conversation_id):
            await message_queue.hold(conversation_id)
            return
        await self.stop(reply_id)

    async def decide(
        self, user: User, message_id: UUID, call_id: UUID, decision: Decision
    ) -> ToolCall:
        """Allow or deny a call of a reply, and go on with its turn where that was the last
        decision. Returns the call as it is then. Raises as `approval.decide`."""
        async with db_threads.borrow():
            call: ToolCall
            call, decided = await database_sync_to_async(approval.decide)(
                user=user, message_id=message_id, call_id=call_id, decision=decision
            )
        if decided:
            await announce(call.message.conversation_id, [call])
            self._tools.start(message_id)
        return call

    async def signed_in(self, user: User, server: ToolServer) -> None:
        """Go on with the calls that waited until a person has signed in to a tool server."""
        async with db_threads.borrow():
            rows: list[ToolCall] = await database_sync_to_async(approval.after_sign_in)(
                user=user, server=server.name
            )
        for row in rows:
            await announce(row.message.conversation_id, [row])
        for message_id in {row.message_id for row in rows}:
            self._tools.start(message_id)

    async def resume_queue(self, conversation_id: UUID) -> None:
        """Begin the first of the messages that are held; the others follow it."""
        await message_queue.resume(conversation_id)
        self.advance(conversation_id)

    async def send_now(self, user: User, conversation_id: UUID, client_id: UUID) -> None:
        """Begin the turn of a message that waits: what runs is stopped for it, and the other
        messages follow it. Raises `NotFound` when it does not wait (any more)."""
        async with db_threads.borrow():
            await message_queue.put_first(user, conversation_id, client_id)
            reply_id = await self.running_in(conversation_id)
            if reply_id is not None:
                await self.stop(reply_id)  # at its end the first message begins
            else:
                await self._tools.stop(conversation_id)
                self.advance(conversation_id)

    async def stop_here(self, reply_id: UUID) -> None:
        """`stop` for a reply of this process; does nothing for others."""
        turn = self._running.find(reply_id)
        if turn is not None and turn.log.end is None and turn.cut_as is None:
            turn.cut(Status.STOPPED)
            self._running.spawn(making.announce_stopping(turn), "announce-stopping")

    def lose(self, reply_id: UUID) -> None:
        """Write no more of a reply that another process has taken."""
        if turn := self._running.find(reply_id):
            turn.cut(LOST)

    async def end_deleted(self, conversation_id: UUID) -> None:
        """Stop what runs in a conversation that is deleted. Returns when it has ended, or after
        some seconds."""
        # A turn that was stored before the conversation was deleted may not be known here yet.
        async with self._beginnings.lock(conversation_id), db_threads.borrow():
            await self._tools.stop(conversation_id)
            reply_id = await self.running_in(conversation_id)
            if reply_id is None:
                return
            await self.stop(reply_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(CUT_PATIENCE), db_threads.borrow():
                await self.wait(reply_id)

    async def start(self) -> None:
        """Close what a process that died left open, look after the record, and begin the turns of
        queued messages. Call it before the first turn begins."""
        async with db_threads.borrow():
            alone = await database_sync_to_async(self._peers.close_abandoned)()
            await database_sync_to_async(upkeep)()
            left = await database_sync_to_async(queue.waiting_conversations)()
        self._peers.start(self)
        async with db_threads.borrow():
            await self.recover_tools(all_of_them=alone)
        for conversation_id in left:
            self.advance(conversation_id)

    def advance(self, conversation_id: UUID) -> None:
        """Begin the turn of the next message that waits in a conversation, if nothing runs; else
        when that has ended."""
        if turn := self._running.within(conversation_id):
            turn.asked_to_advance = True
            return
        work = message_queue.advance(conversation_id, self.begin, self._may_begin, self._held)
        self._running.spawn(work, "advance")

    async def recover_tools(self, *, all_of_them: bool = False) -> None:
        """Go on with the turns whose process died while their tools ran, or right after: all of
        them where there is no other process, else those that have waited for long. What ran is
        given up, and never repeated."""
        for call in await database_sync_to_async(calls.interrupt_lost)(all_of_them=all_of_them):
            await announce(call.message.conversation_id, [call])
        for reply_id in await database_sync_to_async(calls.left_waiting)(all_of_them=all_of_them):
            self._tools.start(reply_id)

    def _may_begin(self, conversation_id: UUID) -> bool:
        return not self._beginnings.draining and not self.runs_in(conversation_id)

    async def drain(self, seconds: float) -> None:
        """Begin no more turns; let replies finish for some `seconds`; interrupt and store the
        others."""
        self._beginnings.draining = True
        await self._running.idle(seconds)
        for turn in self._running:
            turn.cut(Status.INTERRUPTED)
        self._tools.cut()
        await self._running.idle(CUT_PATIENCE)
        await self._autosave.aclose()

    # --- Running ------------------------------------------------------------------------------

    def _launch(self, opened: OpenedTurn, plan: Plan, permit: Permit) -> Turn:
        turn = Turn(opened, plan, permit)
        self._running.add(turn)
        self._autosave.begin()
        self._peers.share(turn.id, turn.log)
        metrics.running.inc()
        self._running.spawn(self._run(turn), f"turn {turn.id}")
        return turn

    async def _run(self, turn: Turn) -> None:
        """Make one reply, then tell its end."""
        try:
            end = await making.make(turn, self._router, self._slots)
        finally:
            self._running.remove(turn)
            turn.permit.release()
        if end is None:
            metrics.running.dec()
            logger.warning("reply %s was ended by another process", turn.id)
            async with db_threads.borrow():
                await making.learn_end(turn)
            if turn.log.end is not None and turn.log.end.tool_calls:
                self._tools.start(turn.id)  # a refusal of the database hid that the end was stored
        else:
            turn.log.finish(end)
            await record_end(turn.plan.caller, end, turn.result, turn)
            self._notifications.reply_ended(turn.plan.caller, turn.conversation_id, end)
            if end.tool_calls:
                self._tools.start(turn.id)
        if turn.followed or turn.asked_to_advance:
            self.advance(turn.conversation_id)
        self._held.place_free(turn.plan.caller.user.pk)
