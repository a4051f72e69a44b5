"""What uvicorn lacks, added when it is the server that runs us.

Told to end, uvicorn waits for the requests that run, as long as it takes, and tells the application
only then: a long reply over HTTP would hold up the end, and nothing would end the reply. It is
mended from the inside, so that it does not matter how uvicorn was started.
"""

import asyncio
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

    plain_shutdown = Server.shutdown

    async def shutdown(self: Any, sockets: Any = None) -> None:
        """Let replies end while uvicorn waits for requests."""
        if self.config.timeout_graceful_shutdown is None:
            seconds = math.ceil(settings.CHAT_DRAIN_SECONDS) + GOODBYE_SECONDS
            self.config.timeout_graceful_shutdown = seconds
        ending = asyncio.create_task(lifecycle.shut_down())
        await plain_shutdown(self, sockets)
        await ending

    Server.shutdown = shutdown  # type: ignore[method-assign]
