"""The socket door: frames in, events out.

`handshake` decides who may open a socket, `commands` carries out its frames, `feed` sends the
replies that it follows. Channels gives a consumer one message at a time, so no handler here waits
for a model or a reader: commands and the feed are tasks.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from contextvars import copy_context
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from channels.consumer import AsyncConsumer
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from conversations.errors import NotFound, Unavailable
from conversations.people.models import User
from conversations.threads import access, replies
from conversations.tools import selectors
from conversations.tools.calls import MOST_CALLS
from streaming import events, hints, metrics, revocation
from streaming.credentials import Credentials
from streaming.errors import describe
from streaming.events import CloseCode
from streaming.lifecycle import lifecycle
from streaming.log import timestamp
from streaming.peers import Peers
from streaming.replies import message_queue
from streaming.replies.turns import Turns
from streaming.socket import handshake
from streaming.socket.commands import Commands
from streaming.socket.feed import Feed
from streaming.socket.pace import Reading
from streaming.socket.writer import SocketState, SocketWriter

logger = logging.getLogger(__name__)

# Commands of one socket that may run at once; while so many do, no further frame is read.
PENDING_COMMANDS = 32
# Heartbeats between two checks of the credentials: a hint may have been lost.
HEARTBEATS_A_CHECK = 3
# How long a reader may take for the last events when the server ends, in seconds.
GOODBYE_PATIENCE = 2.0


class ChatConsumer(AsyncConsumer):
    """One socket on one conversation."""

    turns: Turns
    peers: Peers
    feed: Feed
    commands: Commands
    reading: Reading
    user: User
    conversation_id: UUID
    # The title, the head and the revision that the client knows.
    _timer: asyncio.TimerHandle  # of the next heartbeat
    _known: tuple[str, UUID | None, int | None]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve the socket until it ends, and clean up however it ends: a server may end the
        consumer without a `disconnect`."""
        self.scope = scope
        self.credentials = Credentials(scope["headers"])
        self._tasks: set[asyncio.Task[Any]] = set()
        self._running_commands: set[asyncio.Task[Any]] = set()
        self._pause, self._beats, self._awaited = 0.0, 0, False
        self._waiting: tuple[list[dict[str, Any]], bool] = [], False
        self.out = SocketWriter(send)

        async def receive_in_turn() -> Any:
            await self._may_read()
            return await receive()

        async with AsyncExitStack() as self._leaving:
            try:
                await super().__call__(scope, receive_in_turn, send)
            finally:
                await self._end_tasks()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler. Channels' own goes to a thread first, to look after connections."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    # --- The socket's life ------------------------------------------------------------------

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        if not self.credentials.origin_allowed(self.scope):
            await self.send({"type": "websocket.close"})
            raise StopConsumer
        came = timezone.now()
        try:
            admitted = await handshake.admit(self.scope, self.credentials)
            self._leaving.enter_context(handshake.counted(admitted.caller.user.pk))
        except handshake.SocketRefused as refusal:
            await self._turn_away(refusal)
            return
        # Only now, so that nobody can send a frame before it is known who they are.
        await self.send({"type": "websocket.accept"})
        runtime = await lifecycle.start()
        self.turns, self.peers = runtime.turns, runtime.peers
        self.user, row = admitted.caller.user, admitted.conversation
        self.conversation_id, self._known = row.id, (row.title, row.head_id, row.revision)
        self.reading = Reading(self.user.pk)
        self.feed = Feed(self.turns, self.out, self._start)
        self.commands = Commands(admitted, self.turns, self.feed)
        self._leaving.enter_context(metrics.sockets.track_inprogress())
        groups = self.channel_layer, self.channel_name, self._groups()
        self._leaving.push_async_callback(hints.leave, *groups)
        await hints.join(*groups)
        running, began = await self._running()
        # A client may count on what happens from now on as soon as it is accepted, and what
        # happened while its credentials were looked at is told, too.
        missed = await database_sync_to_async(replies.begun_and_ended_since)(
            conversation_id=row.id, moment=came
        )
        if self.out.state is SocketState.CLOSED:
            return
        self.out.state = SocketState.OPEN
        await self.out.tell(events.ready(self.conversation_id, settings.CHAT_HEARTBEAT_SECONDS))
        await self._tell_queue()
        for reply_id in missed:
            self.feed.follow_once(reply_id)
        if running is not None:
            # A client that comes late gets the snapshot without the question.
            self.feed.follow_once(running, question=began >= timestamp(came))
        self._watch_credentials()
        self._beat_later()
        self._leaving.callback(lambda: self._timer.cancel())
        # A task that is started from outside runs in this socket's context all the same.
        leave = partial(copy_context().run, self._leave)
        self._leaving.enter_context(lifecycle.goodbye(leave))

    async def _turn_away(self, refusal: handshake.SocketRefused) -> None:
        """Accept the socket, say why it is refused, and close it; before accept where too many of
        its address are being told."""
        if refusal.close_code is CloseCode.NOT_SIGNED_IN:
            try:
                self._leaving.enter_context(handshake.counted_stranger(self.scope))
            except handshake.TooManyStrangers:
                await self.send({"type": "websocket.close"})
                raise StopConsumer from None
        await self.send({"type": "websocket.accept"})
        await self.out.close(refusal.code, refusal.message, refusal.close_code)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        self.out.state = SocketState.CLOSED
        raise StopConsumer

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        text = message.get("text")
        if self.out.state is not SocketState.OPEN:
            return
        self._pause = self.reading.count()
        if self.reading.floods:
            sentence = "You send too many frames. Connect again, and send fewer."
            await self.out.close("rate_limited", sentence, CloseCode.TOO_MANY)
            return
        if text is None:
            await self.out.invalid("invalid_frame", "Send text frames with JSON.")
            return
        if len(text) > settings.CHAT_MAX_FRAME or len(text.encode()) > settings.CHAT_MAX_FRAME:
            await self.out.close("too_large", "The frame is too large.", CloseCode.TOO_LARGE)
            return
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            await self.out.invalid("invalid_frame", "The frame is not valid JSON.")
            return
        if not isinstance(frame, dict):
            await self.out.invalid("invalid_frame", "The frame is not a JSON object.")
            return
        await self._command(frame)

    async def _may_read(self) -> None:
        """Return when the next frame may be read. Servers read on only when frames are taken."""
        pause, self._pause = self._pause, 0.0
        if pause:
            await asyncio.sleep(pause)
        while len(self._running_commands) >= PENDING_COMMANDS:
            await asyncio.wait(self._running_commands, return_when=asyncio.FIRST_COMPLETED)

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # --- Commands ---------------------------------------------------------------------------

    async def _command(self, frame: dict[str, Any]) -> None:
        kind = frame.pop("type", None)
        if kind == "heartbeat":
            return
        if not self.commands.knows(kind):
            await self.out.invalid("unknown_type", "Unknown frame type.")
            return
        self._running_commands.add(self._start(self._run_command(kind, frame)))

    async def _run_command(self, kind: str, frame: dict[str, Any]) -> None:
        """Run one command; a failure is told as an `error` event."""
        try:
            await self.commands.run(kind, frame)
            self.out.invalid_frames = 0
        except OSError:
            pass  # the other end is gone; the server's disconnect follows
        except Exception as error:
            problem = describe(error)
            if problem.code == "internal":
                logger.error("a socket command failed unexpectedly", exc_info=error)
            await self.out.refuse(frame, problem.code, problem.message, problem.fields)
            if problem.code in ("validation_error", "invalid_parameters"):
                await self.out.count_invalid()

    # --- On the clock, and hints --------------------------------------------------------------

    def _beat_later(self) -> None:
        """Send the next heartbeat in a while: a timer, since a task for each idle socket would take
        more memory than all else of it."""
        seconds = settings.CHAT_HEARTBEAT_SECONDS
        self._timer = asyncio.get_running_loop().call_later(seconds, self._beat)

    def _beat(self) -> None:
        self._start(self._send_beat())

    async def _send_beat(self) -> None:
        self._beats += 1
        await self.out.tell(events.HEARTBEAT)
        if self._beats % HEARTBEATS_A_CHECK == 0:
            await self._catch_up()
        self._beat_later()

    def _watch_credentials(self) -> None:
        """Check them as soon as they may not count any more."""
        enter, again = self._leaving.enter_context, self._look_again
        enter(revocation.api_keys.running(self.commands.caller.key_id, again))
        enter(revocation.sessions.running(self.credentials.session, again))

    async def _catch_up(self) -> None:
        """Check everything that a lost hint would have told."""
        await hints.join(self.channel_layer, self.channel_name, self._groups())
        await self._check_credentials()
        with suppress(DatabaseError):
            await self._check_conversation()
            if (running := await self.turns.running_in(self.conversation_id)) is not None:
                self.feed.follow_once(running)

    async def _check_conversation(self) -> None:
        try:
            row = await database_sync_to_async(access.conversation)(self.user, self.conversation_id)
        except NotFound:
            await self._deleted()
            return
        if row.awaits or self._awaited:
            await self._tell_calls()
        self._awaited = bool(row.awaits)
        known = row.title, row.head_id, row.revision
        if known == self._known:
            return
        await self._tell_conversation(*known)
        if row.head_id is not None:
            self.feed.follow_once(row.head_id)  # it may have ended meanwhile

    async def _tell_calls(self) -> None:
        """Tell the calls of a turn that waits, or did at the last look."""
        calls = await database_sync_to_async(selectors.latest)(
            conversation_id=self.conversation_id, limit=MOST_CALLS
        )
        for call in calls:
            await self.feed.tell_call(call.message_id, call.id, call.state)

    async def _tell_conversation(
        self, title: str, head_id: UUID | None, revision: int | None, deleted: str | None = None
    ) -> None:
        self._known = title, head_id, revision
        await self.out.tell(
            events.conversation(self.conversation_id, title, head_id, revision, deleted)
        )

    async def _deleted(self) -> None:
        await self.out.close("not_found", "The conversation was deleted.", CloseCode.NOT_FOUND)

    async def _check_credentials(self) -> None:
        try:
            caller = await database_sync_to_async(self.credentials.caller)()
        except DatabaseError:
            return  # nobody is signed out because the database is away
        if caller is None or caller.user.pk != self.user.pk:
            await self.out.close(
                "not_authenticated", "Your session has ended.", CloseCode.NOT_SIGNED_IN
            )
        else:
            self.commands.caller = caller  # with what its key is good for by now

    def _groups(self) -> tuple[str, str]:
        return hints.conversation_group(self.conversation_id), hints.user_group(self.user.pk)

    async def _running(self) -> tuple[UUID | None, str]:
        """The running reply, and when it began. When this process cannot follow it, the socket is
        closed, so that the client reconnects."""
        running = await self.turns.running_in(self.conversation_id)
        try:
            if running is not None and (log := await self.turns.log_of(running)) is not None:
                return running, log.snapshot["created_at"]
        except Unavailable as error:
            await self.out.close(error.code, error.message, CloseCode.RESTARTING)
        return running, ""

    def _leave(self) -> asyncio.Task[None]:
        return self._start(self._leave_with_the_server())

    async def _leave_with_the_server(self) -> None:
        """Close when the server ends: with other processes to go to, as soon as this socket follows
        no reply; at the latest after running replies have ended and been told."""
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(lifecycle.drained.wait())]
        if self.peers.take_over:
            waits.append(asyncio.ensure_future(self.feed.told()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_PATIENCE):
                await self.feed.told()
        await self.out.send_away()

    async def hint_turn(self, message: dict[str, Any]) -> None:
        self.feed.follow_once(UUID(message["reply_id"]))

    async def hint_conversation(self, message: dict[str, Any]) -> None:
        head_id = UUID(message["head_id"]) if message["head_id"] else None
        # A server of the release before tells no revision.
        more = message.get("revision"), message.get("deleted")
        self._start(self._tell_conversation(message["title"], head_id, *more))

    async def hint_queue(self, message: dict[str, Any]) -> None:
        if "call_id" in message:
            ids = UUID(message["message_id"]), UUID(message["call_id"])
            self._start(self.feed.tell_call(*ids, message["state"]))
        elif "present" in message:
            if self.out.state is SocketState.OPEN:
                self._start(hints.tell_presence(message["present"], message["user"]))
        else:
            self._start(self._tell_queue())

    async def _tell_queue(self) -> None:
        """Send the message queue, unless the client knows it."""
        waiting = await message_queue.items(self.conversation_id)
        if waiting != self._waiting:
            self._waiting = waiting
            await self.out.tell(events.queue(self.conversation_id, *waiting))

    async def hint_deleted(self, message: dict[str, Any]) -> None:
        self._start(self._deleted())

    async def hint_credentials(self, message: dict[str, Any]) -> None:
        self._look_again()
        self._start(self._tell_queue())  # what a revoked key queued is not sent

    def _look_again(self) -> None:
        self._start(self._check_credentials())

    async def hint_missed(self, message: dict[str, Any]) -> None:
        if self.out.state is not SocketState.OPEN:
            return
        self._start(self._catch_up())
        self._start(self._tell_queue())

    # --- Tasks -----------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._running_commands.discard(task)
        lifecycle.leaving.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self.out.state is SocketState.CLOSED or isinstance(error, OSError):
            # The server raises from `send` when the other end is gone; its disconnect follows.
            logger.debug("a socket's task ended with %s", type(error).__name__)
            return
        # Half a socket would let its client wait for ever: it can come back to a whole one.
        logger.error("a socket's task failed", exc_info=error)
        self._start(
            self.out.close(
                "internal", "Something went wrong on the server. Connect again.", CloseCode.INTERNAL
            )
        )
