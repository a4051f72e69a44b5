"""A thread for work that takes the processor for a while: large bodies, long histories.

It is nobody else's: those of the database and of the event loop stay free. There is one, since two
would be no faster: only one thread of a process computes at a time, and the loop is one more.
"""

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from providers.short_turns import OF_A_THREAD, short_turns

T = TypeVar("T")

_thread = ThreadPoolExecutor(1, thread_name_prefix="heavy-work")


async def beside_the_loop(work: Callable[[], T]) -> T:
    """Return what `work` returns. Cancelling does not end work that has begun."""
    return await asyncio.get_running_loop().run_in_executor(_thread, _in_short_turns, work)


def _in_short_turns(work: Callable[[], T]) -> T:
    """And without garbage collections, each of which would look at all that is being made, while
    every thread stands."""
    collects = gc.isenabled()
    with short_turns(OF_A_THREAD):
        gc.disable()
        try:
            return work()
        finally:
            if collects:
                gc.enable()
