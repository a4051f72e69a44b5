"""What goes on beside all requests, as long as the process does."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final

logger = logging.getLogger(__name__)

# How long work that failed lies before it begins again, in seconds.
AGAIN: Final = 1.0


def keep_going(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> asyncio.Task[None]:
    """Begin `work`, and begin it again when it fails: a defect in it is told to the log, and does
    not stop what depends on it for good. A context of its own: one that is made inside a request
    would break with its end."""
    loop = asyncio.get_running_loop()
    return loop.create_task(_keep_going(work, name), name=name, context=Context())


async def _keep_going(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
    while True:
        try:
            return await work()
        except Exception:
            logger.critical("the task %s failed", name, exc_info=True)
        await asyncio.sleep(AGAIN)
