"""A thread for work that takes the processor for a while: large bodies, long histories.

It is nobody else's: those of the database and of the event loop stay free. There is one, since two
would be no faster: only one thread of a process computes at a time, and the loop is one more.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_thread = ThreadPoolExecutor(1, thread_name_prefix="heavy-work")


async def beside_the_loop(work: Callable[[], T]) -> T:
    """Return what `work` returns. Cancelling does not end work that has begun."""
    return await asyncio.get_running_loop().run_in_executor(_thread, work)
