"""The lists of tools that servers tell, kept with their rows."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from channels.db import database_sync_to_async
from django.utils.translation import gettext_noop as _noop

from conversations.people.models import User
from conversations.tools import offers, servers
from conversations.tools.built_in import BUILT_IN, ToolFailed
from conversations.tools.models import ToolServer
from conversations.tools.offers import Offer
from conversations.tools.sign_ins import NeedsSignIn
from streaming.tools import mcp_client, sdk

# How long a server may take to tell its tools, in seconds; a test says so within five.
LIST_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True)
class ListOutcome:
    """The outcome of a test, in a sentence; `error` where it did not answer."""

    message: str
    error: ToolFailed | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


async def test(server: ToolServer, user: User) -> ListOutcome:
    """Ask a server for its tools, and keep them: one list for all, whoever asks."""
    tools: list[dict[str, Any]] | None = None
    await sdk.imported()
    try:
        async with asyncio.timeout(LIST_SECONDS):
            tools = await mcp_client.list_tools(server, user)
        count = len(tools)
        found = ListOutcome(f"{count} tools were found." if count != 1 else "One tool was found.")
    except TimeoutError:
        template = _noop("The tool server %(name)s did not answer within %(seconds)s s.")
        values = {"name": server.name, "seconds": f"{LIST_SECONDS:.0f}"}
        found = _failed(ToolFailed(template, code="tool_server_timeout", **values))
    except NeedsSignIn as error:
        return _failed(error)  # which says nothing of the server
    except ToolFailed as error:
        found = _failed(error)
    await database_sync_to_async(servers.keep_list)(
        row=server, tools=tools, message=found.message, error=found.error
    )
    return found


def _failed(error: ToolFailed) -> ListOutcome:
    return ListOutcome(str(error), error)


async def offered(user: User, names: Sequence[str]) -> tuple[Offer, ...]:
    """The tools that a conversation's settings name. Lists that are old are asked for again; a
    server that does not answer has those of its last list."""
    old = await database_sync_to_async(servers.stale)(user=user, names=names)
    if old:
        await asyncio.gather(*(test(server, user) for server in old))
    found: tuple[Offer, ...] = await database_sync_to_async(offers.offered)(user=user, names=names)
    if any(offer.server != BUILT_IN for offer in found):
        sdk.import_ahead()
    return found
