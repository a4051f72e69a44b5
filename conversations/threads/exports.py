"""Writes the messages of a conversation into a response, a few at a time.

A conversation may be larger than memory, and to write it takes a while: so no more than a page is
read at once, and the thread and the connection of the database are given back in between.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.utils.text import slugify
from rest_framework.renderers import JSONRenderer

from conversations.notices import notify
from conversations.threads import selectors
from conversations.threads.models import Conversation, Message
from conversations.threads.open_blocks import closing_line
from conversations.threads.serializers import ConversationSerializer, MessageSerializer
from conversations.tools.models import ToolCall
from conversations.tools.selectors import add_calls

NAMES = {Message.Role.USER: "You", Message.Role.ASSISTANT: "Assistant"}
# Characters of the result of a tool.
MOST_OF_RESULT = 2000
# Messages that are read at once; fewer where they are long.
BATCH = 100
# Pieces of all exports are made one after the other: each keeps the processor busy, and the event
# loop has to wait for its turn. Two at once are no faster.
_MAKING = asyncio.Semaphore(1)

FORMAT = {"format": "chat-playground", "version": 1}


class ExportedMessage(MessageSerializer):
    """A message with the parameters of its reply."""

    class Meta(MessageSerializer.Meta):
        fields = (*MessageSerializer.Meta.fields, "parameters")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


Write = Callable[[list[Message]], list[bytes]]


async def as_markdown(conversation: Conversation, ids: list[UUID]) -> AsyncIterator[bytes]:
    """Yield the title as a heading, then each message below its role, model and time."""
    yield f"# {' '.join(conversation.title.split()) or 'New chat'}".encode()
    async for piece in _pieces(ids, _paragraphs):
        yield b"\n\n" + b"\n\n".join(piece)
    yield b"\n"


async def as_json(conversation: Conversation, ids: list[UUID]) -> AsyncIterator[bytes]:
    """Yield the conversation and its messages in the shapes of REST."""
    described = ConversationSerializer(conversation).data
    first = {**FORMAT, "conversation": described}
    async for piece in with_messages(first, ids, ExportedMessage):
        yield piece


async def with_messages(
    first: dict[str, Any], ids: list[UUID], serializer: type[Any]
) -> AsyncIterator[bytes]:
    """Yield a JSON object: what is in `first`, and `messages`, a list of what `serializer` makes of
    each."""

    def write(rows: list[Message]) -> list[bytes]:
        return [_json(row) for row in serializer(rows, many=True).data]

    yield _json(first)[:-1] + b',"messages":['
    separator = b""
    async for piece in _pieces(ids, write):
        yield separator + b",".join(piece)
        separator = b","
    yield b"]}"


async def _pieces(ids: list[UUID], write: Write) -> AsyncIterator[list[bytes]]:
    """Yield what `write` makes of a few messages at a time; those that are gone are left out."""
    start = 0
    while start < len(ids):
        async with _MAKING:
            start, piece = await database_sync_to_async(_piece)(ids, start, write)
        if piece:
            yield piece


def _piece(ids: list[UUID], start: int, write: Write) -> tuple[int, list[bytes]]:
    """Return where the next piece starts, and the piece."""
    _, end = selectors.bounded(ids, start, min(start + BATCH, len(ids)))
    messages = Message.objects.in_bulk(ids[start:end])
    rows = [messages[key] for key in ids[start:end] if key in messages]
    selectors.add_files(rows)
    add_calls(rows)
    notify().catch_up(rows)
    return end, write(rows)


def _paragraphs(rows: list[Message]) -> list[bytes]:
    return [part.encode() for row in rows for part in _markdown(row)]


def _markdown(message: Message) -> list[str]:
    """Return a comment, the heading, the text, the calls of tools and the names of files. The
    comment tells how many `lines` the text has after the heading and an empty line, so that nothing
    in it can be taken for another message; what the text leaves open is closed after these."""
    name = NAMES.get(Message.Role(message.role), message.role.capitalize())
    by = f" · {message.model}" if message.model else ""
    heading = f"## {name}{by} · {message.created_at:%Y-%m-%d %H:%M} UTC"
    lines = message.content.count("\n") + 1 if message.content else 0
    facts = json.dumps({"id": str(message.id), "role": message.role, "lines": lines})
    closing = closing_line(message.content)
    calls = [part for call in message.tool_calls or () for part in _call(call)]
    text = f"{message.content}\n{closing}" if closing else message.content
    if not text and not calls:
        text = "*(no text)*"
    attached = [f"*Attached: {file.name}*" for file in message.files or ()]
    return [f"<!-- message {facts} -->", heading, *([text] if text else []), *calls, *attached]


def _call(call: ToolCall) -> list[str]:
    """Return what was called and what became of it, the arguments and the beginning of the
    result."""
    took = f", {call.took_s:.1f} s" if call.took_s is not None else ""
    server = f" ({call.server})" if call.server else ""
    shown = call.result[:MOST_OF_RESULT]
    more = "\n…" if call.truncated or len(call.result) > MOST_OF_RESULT else ""
    parts = [f"*Tool: {_plain(call.name)}{server}, {call.state}{took}*", _fenced(call.arguments)]
    return [*parts, _fenced(shown + more)] if shown else parts


def _plain(name: str) -> str:
    """A name that a tool server chose, without what Markdown could take for more."""
    return re.sub(r"[^\w.:/ -]", " ", name).replace("_", "\\_")


def _fenced(text: str) -> str:
    """Text in a block that no line of it can end. The block is indented by a space, so no line of
    it can be taken for the comment before a message."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join(f" {line}" for line in (fence, *text.split("\n"), fence))


def _json(data: Any) -> bytes:
    written: bytes = JSONRenderer().render(data)
    return written


def file_name(conversation: Conversation, ending: str) -> str:
    """Return a file name that is valid on every system."""
    return f"{slugify(conversation.title)[:60] or 'chat'}.{ending}"
