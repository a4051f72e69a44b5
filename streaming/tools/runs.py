"""Runs the tool calls of replies, side by side, between two replies of a turn."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from functools import partial
from itertools import chain, repeat
from typing import Any, Final
from uuid import UUID

import orjson
from channels.db import database_sync_to_async
from django.conf import settings

from conversations.threads.models import Conversation
from conversations.tools import built_in, calls, finding, inputs, servers
from conversations.tools.built_in import BUILT_IN, ToolFailed
from conversations.tools.models import State, ToolCall
from conversations.tools.sign_ins import NeedsSignIn
from streaming import hints
from streaming.db_threads import db_threads
from streaming.errors import STORE_FAILURES, UNSTORABLE
from streaming.storable import storable
from streaming.tools import mcp_client, pictures, sdk
from streaming.tools.results import InputNeeded, ToolResult

logger = logging.getLogger(__name__)

# How often it is looked whether a call was stopped, in seconds.
LOOK: Final = 1.0
# Seconds between tries while the database refuses; the last is repeated, since nobody else
# goes on with the turn while this process lives.
STORE_RETRIES: Final = (0.1, 0.5, 1.0, 2.0, 5.0)
FAILED: Final = "The tool failed unexpectedly."

Spawn = Callable[[Coroutine[Any, Any, None], str], Any]


class ToolRuns:
    """The calls that this process runs. Nothing is held for those that nobody has decided."""

    def __init__(
        self, process: UUID, spawn: Spawn, go_on: Callable[[UUID], Awaitable[None]]
    ) -> None:
        """`go_on` is called for a reply when its calls are over."""
        self._process, self._spawn, self._go_on = process, spawn, go_on
        self._running: dict[UUID, asyncio.Task[None]] = {}

    def start(self, message_id: UUID) -> None:
        """Run the allowed calls of a reply, and go on with its turn when all calls are over."""
        self._spawn(self._run(message_id), f"turn tools {message_id}")

    async def _run(self, message_id: UUID) -> None:
        async with db_threads.borrow():
            rows = await _in_database(
                partial(calls.claim, message_id=message_id, writer=self._process)
            )
            if rows:
                conversation = await _in_database(partial(_conversation, rows[0]))
                await announce(conversation.pk, rows)
                await self._run_all(rows, conversation)
        await _insist(partial(self._go_on, message_id))

    async def _run_all(self, rows: list[ToolCall], conversation: Conversation) -> None:
        tasks = {
            row.id: asyncio.create_task(self._run_one(row, conversation), name=f"call {row.id}")
            for row in rows
        }
        self._running |= tasks
        try:
            while waiting := [task for task in tasks.values() if not task.done()]:
                done, _ = await asyncio.wait(waiting, timeout=LOOK)
                if not done:
                    await self._cancel_stopped(tasks)
        finally:
            for key in tasks:
                del self._running[key]

    async def _cancel_stopped(self, tasks: dict[UUID, asyncio.Task[None]]) -> None:
        """Cancel the calls that were stopped in another process."""
        with suppress(*STORE_FAILURES):
            left = await database_sync_to_async(calls.running)(ids=list(tasks))
            for key, task in tasks.items():
                if key not in left:
                    task.cancel()

    async def _run_one(self, call: ToolCall, conversation: Conversation) -> None:
        began = time.monotonic()
        files: list[str] = []
        try:
            if call.server != BUILT_IN:
                await sdk.imported()  # on a busy machine it takes longer than a call may
            async with asyncio.timeout(settings.CHAT_TOOL_SECONDS):
                result = await _call(call, conversation)
            if isinstance(result, InputNeeded):
                await self._ask(call, conversation, result)
                return
            files = await pictures.keep(result.pictures, call, conversation)
            state = State.FAILED if result.failed else State.DONE
        except TimeoutError:
            state = State.FAILED
            result = ToolResult(f"The tool did not answer within {settings.CHAT_TOOL_SECONDS:g} s.")
        except NeedsSignIn:
            await self._put_back(call, conversation)
            return
        except ToolFailed as error:
            state, result = State.FAILED, ToolResult(str(error))
        except asyncio.CancelledError:
            # It was stopped, which is stored; or this process ends.
            state, result = State.INTERRUPTED, ToolResult(calls.INTERRUPTED)
        except Exception as error:
            logger.error("the tool %s of %s failed", call.name, call.server, exc_info=error)
            state, result = State.FAILED, ToolResult(FAILED)
        took_s = time.monotonic() - began
        lost = len(result.pictures) - len(files)
        text = pictures.described(result.text, shown=len(files), lost=lost)
        await self._finish(
            call, conversation, state, text, took_s=took_s, files=files, found=[*result.found]
        )

    async def _ask(self, call: ToolCall, conversation: Conversation, needed: InputNeeded) -> None:
        """Let a call wait until a person has answered what its server asks."""
        text = inputs.asked(call.input, needed.questions, needed.state)
        if await _in_database(partial(calls.ask_input, call=call, text=text)):
            call.state = State.ASKED
            await announce(conversation.pk, [call])

    async def _put_back(self, call: ToolCall, conversation: Conversation) -> None:
        """Let a call wait until the person has signed in."""
        if await _in_database(partial(calls.put_back, call=call)):
            call.state = State.NEEDS_SIGN_IN
            await announce(conversation.pk, [call])

    async def _finish(
        self,
        call: ToolCall,
        conversation: Conversation,
        state: State,
        text: str,
        **more: Any,
    ) -> None:
        """Store what became of a call, and tell of it, unless it was stopped meanwhile."""
        finish = partial(calls.finish, call=call)
        try:
            ours = await _in_database(partial(finish, state=state, result=storable(text), **more))
        except UNSTORABLE:
            state = State.FAILED
            ours = await _in_database(
                partial(finish, state=state, result=FAILED, took_s=more["took_s"])
            )
        if ours:
            call.state = state
            await announce(conversation.pk, [call])

    async def stop(self, conversation_id: UUID) -> bool:
        """Cancel the calls of a conversation that wait or run, here or elsewhere, and end its turn.
        Returns whether there were any."""
        async with db_threads.borrow():
            rows = await database_sync_to_async(calls.stop)(conversation_id=conversation_id)
        for row in rows:
            if task := self._running.get(row.id):
                task.cancel()
        await announce(conversation_id, rows)
        return bool(rows)

    def cut(self) -> None:
        """Interrupt what runs here: the process ends."""
        for task in self._running.values():
            task.cancel()


async def announce(conversation_id: UUID, rows: Iterable[ToolCall]) -> None:
    """Tell the sockets of a conversation that calls have changed."""
    for row in rows:
        await hints.call_changed(conversation_id, row.message_id, row.id, row.state)


async def _in_database(work: Callable[[], Any]) -> Any:
    """Do `work` in a database thread, and again while the database refuses."""
    return await _insist(database_sync_to_async(work))


async def _insist(work: Callable[[], Awaitable[Any]]) -> Any:
    """Do `work`, and again while the database refuses. Raises what it refuses for good."""
    for wait in chain(STORE_RETRIES, repeat(STORE_RETRIES[-1])):
        try:
            return await work()
        except UNSTORABLE:
            raise
        except STORE_FAILURES as error:
            logger.warning("a turn with tools waits for the database (%s)", type(error).__name__)
        await asyncio.sleep(wait)
    raise AssertionError  # the waits have no end


def _conversation(call: ToolCall) -> Conversation:
    return Conversation.objects.select_related("user").get(messages=call.message_id)


async def _call(call: ToolCall, conversation: Conversation) -> ToolResult | InputNeeded:
    arguments = orjson.loads(call.arguments)
    if (call.server, call.name) == (BUILT_IN, finding.FIND_TOOLS.tool):
        text, found = await database_sync_to_async(finding.find)(
            conversation=conversation, query=arguments["query"]
        )
        return ToolResult(text, found=tuple(found))
    if call.server == BUILT_IN:
        text = await database_sync_to_async(built_in.run)(
            conversation=conversation, name=call.name, arguments=arguments
        )
        return ToolResult(text)
    server = await database_sync_to_async(servers.for_call)(
        user=conversation.user, name=call.server
    )
    given = inputs.given(call.input)
    return await mcp_client.call(server, conversation.user, call.name, arguments, given)
