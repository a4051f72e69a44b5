"""Imports what talks to tool servers, the official SDK among it, when it is first needed.

It takes memory, and most servers have no tools. It takes seconds, too, for which the event loop
would serve nobody: so a thread does it.
"""

import asyncio
import threading
from importlib import import_module
from typing import Final

MODULES: Final = (
    "mcp.client.streamable_http",
    "mcp.client.auth.oauth2",
    "streaming.tools.elicitation",
    "streaming.tools.kept",
    "streaming.tools.oauth_http",
)
_lock = threading.Lock()
_imported = threading.Event()
_ahead: set[asyncio.Future[None]] = set()


async def imported() -> None:
    """Return when all of it can be used. What gives a server a limit of time waits for this before:
    on a busy machine it takes longer than a server may."""
    if not _imported.is_set():
        await asyncio.get_running_loop().run_in_executor(None, _import)


def import_ahead() -> None:
    """Begin to import, since a call may follow soon: while the model still writes."""
    if not _imported.is_set() and not _ahead:
        beginning = asyncio.get_running_loop().run_in_executor(None, _import)
        _ahead.add(beginning)  # the loop itself keeps no future alive
        beginning.add_done_callback(_ahead.discard)


def _import() -> None:
    with _lock:
        if not _imported.is_set():
            for name in MODULES:
                import_module(name)
            _imported.set()
