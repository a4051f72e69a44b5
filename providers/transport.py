"""The HTTP side that our providers share: connections, limits on silence, and errors.

The clients (ollama, openai, and httpx itself) get an `httpx.AsyncClient` transport that runs on
aiohttp: it takes less than half the CPU per token of httpx's own, and opening a stream costs
the same however many are open. Its own limits are lifted: httpx's pool of 100 would let the
101st stream wait for ever without a word, and `streaming` has a fair queue of its own.
"""

import asyncio
import functools
import json
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
import certifi
import httpx
import orjson
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError

from providers import connections, errors
from providers.bodies import WHOLE, BoundedTransport, TooMuch, read_whole
from providers.config import USUAL, Access
from providers.refusals import Refusal, inside, read_response, refusal_error

# Time to open a connection, in seconds; a host that drops packets would hold us for minutes.
CONNECT_TIMEOUT_S = 10.0
# What a server may take to end the body of a reply that is whole, in seconds.
END_S = 0.1
# Of an error's body, in bytes: enough for any message, and not for a file sent by mistake.
ERROR_BYTES = 64 * 1024

# What a client may raise from below. `RuntimeError` covers httpx's own misuse errors (a client
# closed under a stream) and a JSON text nested too deeply; `ValueError` bad JSON and bad UTF-8.
FAILURES: tuple[type[Exception], ...] = (
    httpx.HTTPError,
    httpx.InvalidURL,
    aiohttp.ClientError,
    HttpProcessingError,
    OSError,
    ValueError,
    RuntimeError,
)


class RefusalError(Exception):
    """The server answered with an error status. Raised through a client, past its own mapping,
    which would lose headers and put whole pages into messages."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"status {refusal.status}")
        self.refusal = refusal


class ServerClient:
    """The HTTP client for a server: created by the first request, in its event loop; closed with
    `aclose`.

    A user and password in `url` are sent as a header and appear nowhere else. `trust_env` lets
    proxies of the environment apply, though never to this machine. `wrap` may put another transport
    between the client and the connections.
    """

    def __init__(
        self,
        url: str,
        who: str,
        headers: dict[str, str] | None = None,
        *,
        access: Access = USUAL,
        trust_env: bool = True,
        wrap: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda inner: inner,
    ) -> None:
        self.url, credentials = _without_credentials(url.strip().rstrip("/"))
        self._who = who
        self._trust_env = trust_env
        self._headers = {**(headers or {}), **credentials, **access.headers}
        self._access = access
        self._wrap = wrap
        self._client: httpx.AsyncClient | None = None
        self._transport: httpx.AsyncBaseTransport
        self._posts: dict[str, httpx.Request] = {}  # what is the same in each, by path
        self._opening = asyncio.Lock()
        self._closed = False
        # For another client on the same connections.
        self.options: dict[str, Any] = {}

    async def open(self) -> httpx.AsyncClient:
        """Return the client, with `url` as its base; always the same."""
        async with self._opening:
            if self._closed:
                raise errors.ProviderUnavailable(f"{self._who} is being disconnected.")
            if self._client is None:
                self._client = await self._make_client()
            return self._client

    async def _make_client(self) -> httpx.AsyncClient:
        self._transport = transport = self._wrap(
            await _open_transport(self.url, self._access.ca, trust_env=self._trust_env)
        )
        options: dict[str, Any] = {
            "transport": transport,
            "trust_env": False,  # the session below has its own idea of it
            "follow_redirects": False,  # the prompt would go where nobody has sent it
            "timeout": httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
            "event_hooks": {"response": [_raise_refusal]},
            # A compressed stream arrives in blocks, not in tokens.
            "headers": {"Accept-Encoding": "identity", **self._headers},
            "params": {**self._access.query},
        }
        try:
            client = _Client(base_url=self.url, **options)
        except httpx.InvalidURL:
            await transport.aclose()
            raise
        self.options = options
        return client

    async def fetch(
        self, method: str, url: str, *, json: object = None, most: int = WHOLE
    ) -> bytes:
        """Return the body of an answer. Raises `bodies.TooMuch` for more than `most` bytes."""
        client = await self.open()
        async with client.stream(method, url, json=json) as response:
            return await read_whole(response.aiter_bytes(), most)

    @asynccontextmanager
    async def post(
        self, path: str, body: object, headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """The answer to a JSON document, whose body is not read yet. The address and the headers of
        a path are put together once, with those of its first request: that takes as long as all
        else that httpx does for one. It goes straight to the transport, without the client's layers
        for authentication and redirects."""
        client = await self.open()
        same = self._posts.get(path)
        if same is None:
            same = client.build_request("POST", path, headers=headers)
            same.headers["Content-Type"] = "application/json"
            for name in ("Content-Length", "Cookie"):
                same.headers.pop(name, None)
            self._posts[path] = same
        request = httpx.Request(
            "POST",
            same.url,
            headers=same.headers,
            content=_encoded(body),
            extensions=same.extensions,
        )
        if client.cookies:
            client.cookies.set_cookie_header(request)
        response = await self._transport.handle_async_request(request)
        try:
            client.cookies.extract_cookies(response)
            await _raise_refusal(response)
            yield response
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close the client. Streams that still run end with an error."""
        async with self._opening:
            self._closed = True
            if self._client is not None:
                await self._client.aclose()


def _encoded(document: object) -> bytes:
    """A document as JSON. Raises `ValueError` for one that has no place there."""
    try:
        return orjson.dumps(document)
    except TypeError:  # such as numbers of more than 64 bits
        return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()


async def read_to_end(pieces: AsyncIterator[object]) -> None:
    """Read what may follow a whole reply, most often the mark that ends its body: a connection
    whose body was not read to its end cannot be used again. Raises nothing."""
    with suppress(errors.ProviderError, *FAILURES):
        async with asyncio.timeout(END_S):
            async for _ in pieces:
                pass


def bearer(key: str) -> dict[str, str]:
    """The header for a key; without a key there is none."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def _without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """Return an address without the user and password in it, and the header that tells them: an
    address ends up in errors and logs, and aiohttp does not take both."""
    try:
        address = urlsplit(url)
        user, password = address.username, address.password
    except ValueError:
        return url, {}
    if user is None:
        return url, {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    bare = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
    return bare, {"Authorization": f"Basic {b64encode(pair).decode()}"}


class _Protocol(ResponseHandler):
    """A connection. When a body stops being HTTP, aiohttp's own closes it without an error, and the
    reader would wait for the limit on silence."""

    def data_received(self, data: bytes) -> None:
        body = self._payload
        super().data_received(data)
        error = self.exception()
        if error is not None and body is not None and not body.is_eof():
            body.set_exception(aiohttp.ClientPayloadError("The body is not HTTP."), error)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Read on, if reading was paused: aiohttp asks for it with each piece that is taken, and
        would parse nothing once more each time."""
        if self._reading_paused:
            super().resume_reading(resume_parser)


class _Cookies(httpx.Cookies):
    """Looks for cookies in answers that have some: httpx builds three objects of every answer."""

    def extract_cookies(self, response: httpx.Response) -> None:
        if "set-cookie" in response.headers:
            super().extract_cookies(response)


class _Client(httpx.AsyncClient):
    """The client whose cookies are `_Cookies`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._cookies = _Cookies()


async def _open_transport(url: str, ca: str, *, trust_env: bool) -> BoundedTransport:
    address = urlsplit(url)
    tls = await asyncio.to_thread(_tls_context, ca) if address.scheme == "https" else None
    session = connections.open_session(
        tls, trust_env=trust_env and address.hostname not in {"localhost", "127.0.0.1", "::1"}
    )
    protocol = functools.partial(_Protocol, loop=asyncio.get_running_loop())
    session.connector._factory = protocol  # type: ignore[union-attr]
    # `verify` would only build a second TLS context, which the session does not use.
    return BoundedTransport(verify=False, client=session)


@functools.lru_cache(maxsize=16)
def _tls_context(ca: str) -> ssl.SSLContext:
    """The system's authorities and certifi's (some systems come without any), and those of `ca`.
    Takes 20 to 70 ms, so it is made once, in a thread. Raises `ssl.SSLError`: `ca` is none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca:
        context.load_verify_locations(cadata=ca)
    return context


async def _raise_refusal(response: httpx.Response) -> None:
    if response.is_success:
        return
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > ERROR_BYTES:
            break
    raise RefusalError(read_response(response.status_code, response.headers, body))


def to_provider_error(exc: Exception, who: str, model: str, *, begun: bool) -> errors.ProviderError:
    """Return our error for anything in `FAILURES` or a `RefusalError`. `begun`: part of the reply
    has come.

    The transport reports a refused connection, an unknown host and a connection closed before the
    headers under changing names, so only the error that it wraps tells them apart.
    """
    if isinstance(exc, errors.ProviderError):
        return exc
    if isinstance(exc, RefusalError):
        return refusal_error(exc.refusal, who, model)
    if isinstance(exc, TooMuch):
        return errors.ReplyTooLong(f"{who} {exc}.")
    if isinstance(exc, UnicodeEncodeError):
        return errors.RequestRefused("The message contains characters that cannot be sent.")
    if isinstance(exc, httpx.InvalidURL | httpx.UnsupportedProtocol | aiohttp.InvalidURL):
        return errors.ProviderUnavailable(
            f"The address of {inside(who)} is not valid.", reason="address_invalid"
        )
    cause = exc.__cause__ if isinstance(exc, httpx.HTTPError) and exc.__cause__ else exc
    unreadable = ValueError | RecursionError | HttpProcessingError | aiohttp.ClientResponseError
    if isinstance(exc, unreadable):
        return errors.StreamBroken(f"{who} sent something that cannot be read.")
    if begun:
        return errors.StreamBroken("The connection broke before the reply was complete.")
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return errors.ProviderUnavailable(
            f"The address of {inside(who)} is not known on the network.", reason="address_unknown"
        )
    if isinstance(cause, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return errors.ProviderUnavailable(
            f"No secure connection to {inside(who)}: its certificate is not trusted. "
            "If it is of an authority of your own, add that to the connection.",
            reason="certificate_untrusted",
        )
    if isinstance(cause, aiohttp.ClientSSLError | ssl.SSLError):
        return errors.ProviderUnavailable(
            f"No secure connection to {inside(who)} could be made.", reason="tls_failed"
        )
    if isinstance(cause, aiohttp.ClientConnectorError | TimeoutError):
        return errors.ProviderUnavailable(f"{who} cannot be reached. Is it running?")
    return errors.ProviderUnavailable(
        f"{who} closed the connection without an answer.", reason="connection_closed"
    )
