"""Threads for work that takes the processor for a while: large bodies, long histories.

They are few, and nobody else's: those of the database and of the event loop stay free.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

COUNT: Final = 2
_threads = ThreadPoolExecutor(COUNT, thread_name_prefix="heavy-work")


async def beside_the_loop(work: Callable[[], T]) -> T:
    """Return what `work` returns. Cancelling does not end work that has begun."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work)
