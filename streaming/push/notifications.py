"""One notification for each reply whose person has no page open, from the process that made it."""

import asyncio
import json
import logging
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from conversations.push import services
from conversations.push.models import PushSubscription
from conversations.threads.models import Conversation, Status
from streaming import metrics
from streaming.caller import Caller
from streaming.db_threads import db_threads
from streaming.events import End
from streaming.presence import Presence, sockets_here

if TYPE_CHECKING:
    from streaming.push.delivery import Delivery

logger = logging.getLogger(__name__)

READY: Final = _noop("Your reply is ready.")
ASKS: Final = _noop("A tool needs your permission.")
FAILED: Final = _noop("The reply could not be finished.")
# Of a title, in characters.
MOST_TITLE: Final = 120


class Notifications:
    """Tells people of ends of replies. What it needs is loaded with the first that is told."""

    def __init__(self) -> None:
        self._presence = Presence()
        self._delivery: Delivery | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def reply_ended(self, caller: Caller, conversation_id: UUID, end: End) -> None:
        """Tell the caller, unless it is a program, has a page open, or has stopped the reply.
        Returns at once."""
        text = text_of(end)
        if text is None or caller.key is not None or sockets_here[caller.user.pk]:
            return
        task = asyncio.get_running_loop().create_task(
            self._tell(caller.user.pk, conversation_id, text), name="notify", context=Context()
        )
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    async def aclose(self) -> None:
        """Leave what is not told yet untold."""
        for task in self._tasks:
            task.cancel()
        await self._presence.aclose()
        if self._delivery is not None:
            await self._delivery.aclose()

    async def _tell(self, user_id: UUID, conversation_id: UUID, text: str) -> None:
        if not await _read(services.deliverable, user_id=user_id):
            return
        if await self._presence.of(user_id):
            metrics.notifications.labels("page_open").inc()
            return
        # As they are by now.
        browsers = await _read(services.deliverable, user_id=user_id)
        title = await _read(_title, conversation_id)
        if not browsers or title is None:
            return
        if self._delivery is None:
            from streaming.push.delivery import Delivery

            self._delivery = Delivery()
        payloads = [(one, payload_of(one, conversation_id, title, text)) for one in browsers]
        # Of a topic, services take 32 characters of base64url.
        gone = await self._delivery.send(payloads, topic=conversation_id.hex)
        metrics.notifications.labels("sent").inc()
        if gone:
            await _read(services.forget, ids=[one.pk for one in gone])

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, DatabaseError):
            logger.warning("not notified (%s)", type(error).__name__)
        else:
            logger.error("a notification failed", exc_info=error)


def text_of(end: End) -> str | None:
    """What is said of the end of a reply; `None` for one of which nothing is."""
    if end.status == Status.COMPLETED:
        return {None: READY, "decision": ASKS}.get(end.next)
    return FAILED if end.status == Status.FAILED else None


def payload_of(browser: PushSubscription, conversation_id: UUID, title: str, text: str) -> bytes:
    """What the service worker shows: the title of the chat, which only the browser can read, and
    nothing that was said in it."""
    with translation.override(browser.language or "en"):
        shown = {
            "title": title or "Chat Playground",
            "body": _(text),
            "lang": translation.get_language(),
            "dir": "rtl" if translation.get_language_bidi() else "ltr",
            "chat": str(conversation_id),
        }
    return json.dumps(shown, ensure_ascii=False).encode()


def _title(conversation_id: UUID) -> str | None:
    """The title, empty for a temporary chat: a list of notifications outlives it. `None` when the
    chat is gone."""
    row = (
        Conversation.objects.filter(pk=conversation_id, deleted_at=None)
        .values_list("title", "temporary")
        .first()
    )
    return None if row is None else ("" if row[1] else row[0][:MOST_TITLE])


async def _read(function: Any, *arguments: Any, **named: Any) -> Any:
    async with db_threads.borrow():
        return await database_sync_to_async(function)(*arguments, **named)
