"""What uvicorn lacks, added when it is the server that runs us.

Told to end, uvicorn closes all sockets at once, waits for the requests that run, as long as it
takes, and tells the application only then: those who follow a reply would not hear its end, a long
reply over HTTP would hold up the end, and nothing would end the reply. It is mended from the
inside, so that it does not matter how uvicorn was started.
"""

import asyncio
import logging
import math
import sys
from typing import Any, Final

from django.conf import settings

from streaming.lifecycle import lifecycle

# Seconds beyond the patience with replies after which requests that still run are cancelled: their
# readers do not read. `--timeout-graceful-shutdown` says otherwise.
GOODBYE_SECONDS: Final = 10


def adapt() -> None:
    """Mend uvicorn, if it is what imported us."""
    if "uvicorn.server" not in sys.modules:
        return
    from uvicorn.server import Server

    for name in ("uvicorn.access", "uvicorn.error"):  # the second tells of sockets
        logging.getLogger(name).addFilter(_without_queries)
    plain_shutdown = Server.shutdown

    async def shutdown(self: Any, sockets: Any = None) -> None:
        """Let replies end, and those who follow them hear of it, while uvicorn waits for
        requests."""
        if self.config.timeout_graceful_shutdown is None:
            seconds = math.ceil(settings.CHAT_DRAIN_SECONDS) + GOODBYE_SECONDS
            self.config.timeout_graceful_shutdown = seconds
        ending = asyncio.create_task(_end(_held_open(self)))
        await plain_shutdown(self, sockets)
        await ending

    Server.shutdown = shutdown  # type: ignore[method-assign]


def _without_queries(record: logging.LogRecord) -> bool:
    """Leave out of the log what stands after an address: it may be a key that somebody wrongly put
    there."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            one.partition("?")[0] if isinstance(one, str) and one.startswith("/") else one
            for one in record.args
        )
    return True


def _held_open(server: Any) -> list[Any]:
    """The open sockets, which uvicorn will not close before `_end` does. Where there are other
    processes, their clients are better off there at once."""
    kind = server.config.ws_protocol_class
    if settings.REDIS_URL or not isinstance(kind, type):
        return []
    found: list[Any] = [one for one in server.server_state.connections if isinstance(one, kind)]
    for one in found:
        one.shutdown = _do_nothing
    return found


def _do_nothing() -> None:
    pass


async def _end(sockets: list[Any]) -> None:
    """End the application, which says goodbye to its sockets; then close what is left of them."""
    try:
        await lifecycle.shut_down()
    finally:
        for one in sockets:
            del one.shutdown  # its own again
            if not one.transport.is_closing():
                one.shutdown()
