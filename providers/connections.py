"""Connections to model servers, kept between requests.

A server may close a kept connection just as we write to it. So each is kept for less time than
servers keep theirs, and a request that came to nothing on a kept one, at once and before a byte of
an answer, is sent once more: most likely nobody has read it. Any other request is never repeated.
"""

import asyncio
import ssl
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import aiohttp

# How long an unused connection is kept, in seconds. uvicorn and llama-server close theirs after 5;
# what stands before servers with TLS waits for a minute or more.
KEPT_S = 3.0
KEPT_TLS_S = 15.0
# How soon a request comes to nothing whose connection was closed before it arrived, in seconds.
AT_ONCE_S = 1.0

_reused: ContextVar[bool] = ContextVar("reused")


async def _note_reuse(_session: Any, _context: SimpleNamespace, _params: Any) -> None:
    _reused.set(True)


async def once_more(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request; again where a kept connection was closed under it."""
    clock = asyncio.get_running_loop().time
    _reused.set(False)
    began = clock()
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        if not _reused.get() or clock() - began > AT_ONCE_S:
            raise
    return await send(request)


def open_session(tls: ssl.SSLContext | None, *, trust_env: bool) -> aiohttp.ClientSession:
    """A session without limits of its own: httpx's pool of 100 would let the 101st stream wait for
    ever without a word."""
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, keepalive_timeout=KEPT_TLS_S if tls else KEPT_S, ssl=tls or True
        ),
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=trust_env,
        middlewares=(once_more,),
        trace_configs=[trace],
    )
