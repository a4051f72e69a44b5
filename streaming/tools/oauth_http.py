"""HTTP to OAuth servers, whose addresses strangers name. Imported with the SDK alone.

An address is taken if it belongs to an origin that staff have named, or else if it is HTTPS and
every address of its host is a public one. The connection goes to the address that was looked at,
so that no second look at the name can lead elsewhere. No redirect is followed.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from django.utils.translation import gettext_noop as _noop

from conversations.public_addresses import is_public
from streaming import look_ups
from streaming.tools.bounded_http import bounded

# Bytes of one answer, characters of an address, seconds for a connection and for an answer.
MOST_BYTES: Final = 256 * 1024
MOST_ADDRESS: Final = 2000
CONNECT_S: Final = 5.0
READ_S: Final = 10.0
_PORTS: Final = {"http": 80, "https": 443}


NO_ADDRESS: Final = _noop(
    "The tool server %(name)s names an OAuth server whose address is no HTTP address."
)
NOT_HTTPS: Final = _noop(
    "The tool server %(name)s names an OAuth server whose address is not HTTPS."
)
NOT_PUBLIC: Final = _noop(
    "The tool server %(name)s names an OAuth server whose address is not a public one."
)


class AddressRefused(Exception):
    """An address that an OAuth server may not have. `template` is a sentence about the tool server
    that names it."""

    def __init__(self, template: str) -> None:
        super().__init__(template)
        self.template = template


def origin(url: str) -> str:
    """The origin of an address, as in `https://host:443`. Raises `AddressRefused`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise AddressRefused(NO_ADDRESS) from None
    if not parts.hostname or parts.username or parts.password or len(url) > MOST_ADDRESS:
        raise AddressRefused(NO_ADDRESS)
    return f"{parts.scheme}://{parts.hostname.lower()}:{port}"


async def look_up(url: str, trusted: Collection[str]) -> str | None:
    """The numeric address to which a connection goes; `None` for an origin that is trusted.

    Raises:
        AddressRefused: an OAuth server may not be there.
        httpx2.ConnectError: the host is not known.
    """
    if origin(url) in trusted:
        return None
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise AddressRefused(NOT_HTTPS)
    assert parts.hostname is not None  # noqa: S101 - else it has no origin
    try:
        async with asyncio.timeout(CONNECT_S):
            addresses = await look_ups.addresses(parts.hostname, parts.port or 443)
    except TimeoutError:
        raise httpx2.ConnectTimeout("no address in time") from None
    except (OSError, UnicodeError):
        raise httpx2.ConnectError("no such host") from None
    if not addresses or not all(map(is_public, addresses)):
        raise AddressRefused(NOT_PUBLIC)
    return addresses[0]


class PinnedTransport(httpx2.AsyncHTTPTransport):
    """Looks each address up itself, and connects to what it found."""

    def __init__(self, trusted: Collection[str]) -> None:
        super().__init__(trust_env=False)
        self._trusted = trusted

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        address = await look_up(str(request.url), self._trusted)
        if address is not None:
            # The certificate has to be that of the name.
            request.extensions = {**request.extensions, "sni_hostname": request.url.host}
            request.url = request.url.copy_with(host=address)
        return bounded(await super().handle_async_request(request), MOST_BYTES)


@asynccontextmanager
async def client(trusted: Collection[str]) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client for OAuth servers; `trusted` are origins that may be private."""
    async with httpx2.AsyncClient(
        transport=PinnedTransport(trusted),
        timeout=httpx2.Timeout(READ_S, connect=CONNECT_S),
        follow_redirects=False,
        trust_env=False,
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    ) as http:
        yield http


async def answer_of(
    http: httpx2.AsyncClient, request: httpx2.Request
) -> tuple[httpx2.Response, Mapping[str, Any]]:
    """An answer that has been read, and the JSON object in it, empty for anything else."""
    response = await http.send(request)
    try:
        value = response.json()
    except (ValueError, RecursionError):
        value = None
    return response, value if isinstance(value, dict) else {}
