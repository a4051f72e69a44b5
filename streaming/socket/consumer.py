"""The socket door: frames in, events out.

`handshake` decides who may open a socket, `commands` carries out its frames, `feed` sends the
replies that it follows, `watch` tells what else changes. Channels gives a consumer one message at a
time, so no handler here waits for a model or a reader: commands and the feed are tasks.
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
from django.utils import timezone

from conversations.errors import Unavailable
from conversations.threads import replies
from streaming import events, hints, metrics
from streaming.credentials import Credentials
from streaming.errors import describe
from streaming.events import CloseCode
from streaming.lifecycle import lifecycle
from streaming.log import timestamp
from streaming.peers import Peers
from streaming.replies.turns import Turns
from streaming.socket import handshake
from streaming.socket.commands import Commands
from streaming.socket.feed import Feed
from streaming.socket.pace import Reading
from streaming.socket.watch import ConversationWatch
from streaming.socket.writer import SocketState, SocketWriter

logger = logging.getLogger(__name__)

# Commands of one socket that may run at once; while so many do, no further frame is read. What many
# sockets have under way is what everybody else waits for.
PENDING_COMMANDS = 4
# How long a reader may take for the last events when the server ends, in seconds.
GOODBYE_PATIENCE = 2.0


class ChatConsumer(AsyncConsumer):
    """One socket on one conversation."""

    turns: Turns
    peers: Peers
    feed: Feed
    commands: Commands
    watch: ConversationWatch
    reading: Reading
    conversation_id: UUID

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve the socket until it ends, and clean up however it ends: a server may end the
        consumer without a `disconnect`."""
        self.scope = scope
        self.credentials = Credentials(scope["headers"])
        self._tasks: set[asyncio.Task[Any]] = set()
        self._running_commands: set[asyncio.Task[Any]] = set()
        self._pause = 0.0
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
        name = message["type"].replace(".", "_")
        await getattr(self.watch if name.startswith("hint_") else self, name)(message)

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
        self.scope["headers"].clear()  # `credentials` has what is still asked for
        await self._set_up(admitted)
        running, began = await self._running()
        # A client may count on what happens from now on as soon as it is accepted, and what
        # happened while its credentials were looked at is told, too.
        missed = await database_sync_to_async(replies.begun_and_ended_since)(
            conversation_id=self.conversation_id, moment=came
        )
        if self.out.state is SocketState.CLOSED:
            return
        self.out.state = SocketState.OPEN
        await self.out.tell(events.ready(self.conversation_id, settings.CHAT_HEARTBEAT_SECONDS))
        await self.watch.tell_queue()
        for reply_id in missed:
            self.feed.follow_once(reply_id)
        if running is not None:
            # A client that comes late gets the snapshot without the question.
            self.feed.follow_once(running, question=began >= timestamp(came))
        self._leaving.enter_context(self.watch.running())
        # A task that is started from outside runs in this socket's context all the same.
        leave = partial(copy_context().run, self._leave)
        self._leaving.enter_context(lifecycle.goodbye(leave))

    async def _set_up(self, admitted: handshake.Admitted) -> None:
        """Make what serves the socket, and have its hints come."""
        runtime = await lifecycle.start()
        self.turns, self.peers = runtime.turns, runtime.peers
        user, row = admitted.caller.user, admitted.conversation
        self.conversation_id = row.id
        self.reading = Reading(user.pk)
        self.feed = Feed(self.turns, self.out, self._start)
        self.commands = Commands(admitted, self.turns, self.feed)
        self._leaving.enter_context(metrics.sockets.track_inprogress())
        groups = hints.conversation_group(row.id), hints.user_group(user.pk)
        channel = self.channel_layer, self.channel_name, groups
        join = partial(hints.join, *channel)
        self.watch = ConversationWatch(
            conversation_id=row.id,
            known=(row.title, row.head_id, row.revision),
            credentials=self.credentials,
            commands=self.commands,
            turns=self.turns,
            feed=self.feed,
            out=self.out,
            join=join,
            start=self._start,
        )
        self._leaving.push_async_callback(hints.leave, *channel)
        await join()

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

    # --- Begin and end ----------------------------------------------------------------------

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
