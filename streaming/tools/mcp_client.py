"""Asks tool servers by MCP, through the official SDK. Nothing else knows it.

The SDK is imported by the first use (`sdk`). Each call has a session of its own, over connections
that are kept. The SDK follows a redirect only within the server's origin, so that the credentials
go nowhere else.
"""

import asyncio
import base64
import binascii
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.utils.translation import gettext_noop as _noop

from conversations.people.models import User
from conversations.tools.built_in import ToolFailed
from conversations.tools.inputs import Given
from conversations.tools.models import ToolServer
from streaming.storable import storable
from streaming.tools import sdk, sign_in
from streaming.tools.results import InputNeeded, Picture, ToolResult

if TYPE_CHECKING:
    from mcp.client import Client
    from mcp_types import CallToolResult

    from streaming.tools.elicitation import Elicitation

logger = logging.getLogger(__name__)

# Tools and pages of a list, characters of a description and of a schema.
MOST_TOOLS: Final = 500
MOST_PAGES: Final = 20
MOST_DESCRIPTION: Final = 4000
MOST_SCHEMA: Final = 50_000
MOST_PICTURES: Final = 4


async def list_tools(server: ToolServer, user: User) -> list[dict[str, Any]]:
    """The tools of a server, as its row keeps them. Raises `ToolFailed`."""
    await sdk.imported()
    return await sign_in.asked(server, user, lambda headers: _list_tools(server, headers))


async def _list_tools(server: ToolServer, headers: Mapping[str, str]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    async with _connected(server, headers) as client:
        cursor = None
        for _ in range(MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            entries += [entry for tool in page.tools if (entry := _entry(tool)) is not None]
            cursor = page.next_cursor
            if cursor is None or len(entries) >= MOST_TOOLS:
                break
    return entries[:MOST_TOOLS]


def _entry(tool: Any) -> dict[str, Any] | None:
    """A tool; `None` for one that is too large. Hints that it does not give are as the protocol has
    them: it may change something, and it reaches out."""
    hints = tool.annotations
    schema = tool.input_schema or {}
    if len(json.dumps(schema)) > MOST_SCHEMA or len(tool.name) > 255:
        return None
    entry = {
        "name": tool.name,
        "description": (tool.description or tool.title or "")[:MOST_DESCRIPTION],
        "schema": schema,
        "read_only": bool(hints and hints.read_only_hint),
        "open_world": not (hints and hints.open_world_hint is False),
    }
    cleaned: dict[str, Any] = json.loads(storable(json.dumps(entry)).replace("\\u0000", ""))
    return cleaned


async def call(
    server: ToolServer, user: User, tool: str, arguments: dict[str, Any], given: Given
) -> ToolResult | InputNeeded:
    """The result of a call, or what a person has to answer first; `given` is what was answered
    before. Cancelling ends it at the server, too. Raises `ToolFailed`."""
    await sdk.imported()
    return await sign_in.asked(
        server, user, lambda headers: _call(server, headers, tool, arguments, given)
    )


async def _call(
    server: ToolServer,
    headers: Mapping[str, str],
    tool: str,
    arguments: dict[str, Any],
    given: Given,
) -> ToolResult | InputNeeded:
    from streaming.tools.elicitation import Elicitation

    elicitation = Elicitation(server.name, given)
    async with _connected(server, headers, elicitation) as client:
        if _needs_headers(server, tool):
            await client.list_tools()
        answer = await elicitation.call(client.session, tool, arguments)
    return answer if isinstance(answer, InputNeeded) else _result(tool, answer)


def _result(tool: str, answer: "CallToolResult") -> ToolResult:
    texts: list[str] = []
    pictures: list[Picture] = []
    for block in answer.content:
        match block.type:
            case "text":
                texts.append(block.text)
            case "image" if len(pictures) < MOST_PICTURES:
                if (data := _decoded(block.data)) is not None:
                    pictures.append(Picture(f"{tool}-{len(pictures) + 1}", data))
            case "resource" if hasattr(block.resource, "text"):
                texts.append(block.resource.text)
            case "resource_link":
                texts.append(f"{block.name}: {block.uri}")
            case kind:
                texts.append(f"[A part of the kind {kind} is left out.]")
    if not texts and answer.structured_content is not None:
        texts.append(orjson.dumps(answer.structured_content).decode())
    return ToolResult("\n\n".join(texts), failed=bool(answer.is_error), pictures=tuple(pictures))


def _needs_headers(server: ToolServer, tool: str) -> bool:
    """Whether arguments of a tool go into headers, too: the SDK knows which from the list."""
    entry = next((entry for entry in server.tools if entry["name"] == tool), None)
    return entry is not None and b'"x-mcp-header"' in orjson.dumps(entry.get("schema"))


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None


@asynccontextmanager
async def _connected(
    server: ToolServer, headers: Mapping[str, str], elicitation: "Elicitation | None" = None
) -> AsyncIterator["Client"]:
    """A connection to a server. Whatever fails inside is raised as `ToolFailed`, but for being
    cancelled."""
    from mcp.client import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp_types import Implementation

    from streaming.tools.kept import READ_S, kept_servers

    async with kept_servers().use(server.url, headers) as kept:
        try:
            async with (
                kept.client() as http,
                Client(
                    streamable_http_client(server.url, http_client=http),
                    client_info=Implementation(name="chat-playground", version="1"),
                    read_timeout_seconds=READ_S,
                    cache=None,
                    mode=kept.mode,
                    prior_discover=kept.discovered,
                    elicitation_callback=elicitation,
                ) as client,
            ):
                kept.learn(client.protocol_version, client.session.discover_result)
                yield client
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a strange server may make the SDK raise anything
            kept.forget()
            causes = list(_causes(error))
            names = ", ".join(type(cause).__name__ for cause in causes)
            logger.info("tool server %s: %s", server.name, names)
            raise _failure(server, causes) from None


async def aclose() -> None:
    """Close the connections that are kept."""
    if "streaming.tools.kept" in sys.modules:
        from streaming.tools.kept import kept_servers

        await kept_servers().aclose()


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions inside a group, deepest first."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
    else:
        yield error


def _failure(server: ToolServer, causes: list[BaseException]) -> ToolFailed:
    from streaming.tools.bounded_http import ToolServerRefused

    kind: Callable[..., ToolFailed] = ToolFailed
    for error in causes:
        match error:
            case ToolServerRefused(status=401):
                kind = sign_in.CredentialsRefused
                break
            case ToolServerRefused(scopes=(_, *_)):
                kind = partial(sign_in.ScopeRefused, scopes=error.scopes)
                break
            case ToolFailed():
                return error
    return _described(kind, server, causes)


def _described(
    kind: Callable[..., ToolFailed], server: ToolServer, causes: list[BaseException]
) -> ToolFailed:
    """Why a server gave no answer: our own words, since its may hold anything."""
    import httpx2
    from mcp.shared.exceptions import MCPError

    from streaming.tools.bounded_http import AnswerTooLong, ToolServerRefused

    def made(code: str, template: str, **values: object) -> ToolFailed:
        return kind(template, code=f"tool_server_{code}", name=server.name, **values)

    for error in causes:
        match error:
            case ToolServerRefused(status=401 | 403):
                text = _noop("The tool server %(name)s refuses the credentials.")
                return made("credentials", text)
            case ToolServerRefused():
                text = _noop("The tool server %(name)s answered with status %(status)s.")
                return made("status", text, status=error.status)
            case AnswerTooLong():
                return made("too_long", _noop("The tool server %(name)s sent too much."))
            case httpx2.TimeoutException():
                text = _noop("The tool server %(name)s does not answer in time.")
                return made("timeout", text)
            case httpx2.ConnectError():
                return made("unreachable", _noop("The tool server %(name)s cannot be reached."))
    mcp = next((error for error in causes if isinstance(error, MCPError)), None)
    if mcp is not None:
        text = _noop("The tool server %(name)s refused: %(reason)s")
        return made("refused", text, reason=storable(str(mcp))[:500])
    return made("unreadable", _noop("The tool server %(name)s sent something that cannot be read."))
