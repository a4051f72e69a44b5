"""Looks up names that strangers have chosen, on threads of its own.

A server of names can let a look-up wait for half a minute, and nothing ends it sooner. The threads
of the event loop, of which there are six on two cores, look up the names of model servers: they
must not wait behind a stranger's.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Final

COUNT: Final = 8
_threads = ThreadPoolExecutor(COUNT, thread_name_prefix="look-up")


async def addresses(host: str, port: int) -> list[str]:
    """The numeric addresses of a host. Raises `OSError`, `UnicodeError`."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        _threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
