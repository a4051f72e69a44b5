"""Tries the way from a browser to the server from outside: whether a proxy passes sockets, passes
streams as they come, keeps both open while they are silent, and passes on host and scheme.

The server's side of it is `probe`.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import websockets
from django.conf import settings

from project.doctor import Finding, ok, problem
from project.doctor.probe import token

TIMEOUT = 15.0
# The pauses of a stream, in seconds: held back, it arrives in one piece at the end.
DRIPS = (0.4, 0.4, 0.4)
# Heartbeats and pings are at most so often missed before a silent connection counts as dead.
SLACK = 1.5

NGINX_SOCKET = (
    "In nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
    "proxy_set_header Connection $connection_upgrade;"
)


@dataclass(frozen=True, slots=True)
class Way:
    """How to ask: the address as a browser has it, and a client for it."""

    url: str
    http: httpx.AsyncClient

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def socket(self, *pauses: float) -> websockets.connect:
        """A socket of the probe, as a page opens it."""
        return websockets.connect(
            f"ws{self.origin.removeprefix('http')}/ws/probe/{token(pauses)}/",
            origin=websockets.Origin(self.origin),
            additional_headers={"Cookie": "doctor=1"},
            open_timeout=TIMEOUT,
            ping_interval=None,
            proxy=None,
        )

    def stream(self, *pauses: float) -> str:
        """The address of a stream of the probe."""
        return f"{self.origin}/probe/{token(pauses)}/"


async def examine(url: str, idle: float | None = None) -> AsyncIterator[Finding]:
    """Everything about the way to `url`. `idle` is how many seconds of silence have to be borne;
    without it as many as our heartbeats need."""
    patience = SLACK * settings.CHAT_HEARTBEAT_SECONDS if idle is None else idle
    timeout = httpx.Timeout(TIMEOUT, read=TIMEOUT + patience)
    async with httpx.AsyncClient(timeout=timeout, trust_env=False) as http:
        way = Way(url, http)
        reached = await _reach(way)
        yield reached
        if reached.kind != "ok":
            return
        async for finding in _stream(way):
            yield finding
        yield await _large(way)
        upgraded = await _upgrade(way)
        yield upgraded
        silences = [_silence("A stream", _quiet_stream(way, patience), patience)]
        if upgraded.kind == "ok":
            silences.append(_silence("A socket", _quiet_socket(way, patience), patience))
        for finding in await asyncio.gather(*silences):
            yield finding


async def _reach(way: Way) -> Finding:
    try:
        answer = await way.http.get(f"{way.origin}/healthz")
    except httpx.ConnectTimeout:
        return problem(f"{way.origin} does not answer.", "Check that no firewall blocks it.")
    except httpx.HTTPError as error:
        if "CERTIFICATE" in str(error).upper():
            return problem(
                f"The certificate of {way.origin} is not accepted: {error}.",
                "Install one for this name, with its chain, or name the server as it says.",
            )
        return problem(
            f"{way.origin} cannot be reached: {error or type(error).__name__}.",
            "Check that the name leads to the proxy, and that the proxy runs.",
        )
    if answer.status_code == 200 and answer.text.startswith('{"status"'):
        return ok(f"{way.origin} reaches the server.")
    advice = {
        301: "Give doctor the address to which it leads.",
        302: "Give doctor the address to which it leads.",
        308: "Give doctor the address to which it leads.",
        502: "The proxy reaches no server: check that one runs, and where the proxy looks for it.",
        503: "The proxy knows no running server.",
        504: "The server does not answer the proxy in time.",
    }.get(answer.status_code, "Another server seems to answer there.")
    return problem(f"{way.origin}/healthz answers {answer.status_code}.", advice)


# --- Streams ----------------------------------------------------------------------------------


async def _stream(way: Way) -> AsyncIterator[Finding]:
    """Does a stream arrive as it is sent? And does the server hear the names that we said?"""
    arrivals: list[float] = []
    first = ""
    async with way.http.stream("GET", way.stream(*DRIPS)) as answer:
        if answer.status_code != 200:
            yield _no_probe(way, answer)
            return
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                arrivals.append(time.monotonic())
                first = first or line.removeprefix("data:")
    if arrivals[-1] - arrivals[0] < sum(DRIPS) / 2:
        yield problem(
            "Streams are held back and arrive in one piece: clients of /v1 see nothing until a "
            "reply has ended.",
            "In nginx: proxy_buffering off; and no gzip for text/event-stream.",
        )
    else:
        yield ok("Streams arrive as they are sent.")
    for finding in _names(way, json.loads(first)):
        yield finding


def _no_probe(way: Way, answer: httpx.Response) -> Finding:
    if answer.is_redirect:
        return problem(
            f"The server believes that it was asked without TLS, and redirects browsers to "
            f"{way.origin} again and again.",
            "In nginx: proxy_set_header X-Forwarded-Proto $scheme;",
        )
    if answer.status_code == 400:
        return problem(
            f"The server refuses requests for {way.origin} (400): it does not know that name.",
            f"Set PUBLIC_URL={way.origin}, and let the proxy pass the name on: "
            "proxy_set_header Host $http_host;",
        )
    return problem(
        f"The server behind {way.origin} does not know the doctor ({answer.status_code}).",
        "Run doctor with the SECRET_KEY of that server, in the same version.",
    )


def _names(way: Way, arrived: dict[str, str]) -> list[Finding]:
    problems = []
    netloc = urlsplit(way.url).netloc
    if arrived["host"].lower() != netloc.lower():
        problems.append(
            problem(
                f"The server is asked under the name {arrived['host']} instead of {netloc}.",
                "In nginx: proxy_set_header Host $http_host;",
            )
        )
    if way.origin.startswith("https:") and arrived["scheme"] != "https":
        tells_https = arrived["forwarded_scheme"] == "https"
        advice = (
            f"Set PUBLIC_URL={way.origin}."
            if tells_https
            else "In nginx: X-Forwarded-Proto $scheme;"
        )
        problems.append(problem("The server does not learn that browsers come with TLS.", advice))
    return problems


async def _large(way: Way) -> Finding:
    """Does a request as large as the server takes come through?"""
    size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE - 1000
    answer = await way.http.post(way.stream(), content=b"x" * size)
    if answer.status_code == 200:
        return ok(f"Requests of {size / 1e6:.1f} MB come through.")
    return problem(
        f"A request of {size / 1e6:.1f} MB is refused with {answer.status_code}.",
        f"In nginx: client_max_body_size {settings.V1_MAX_BODY / 1e6:.0f}m;",
    )


# --- Sockets ----------------------------------------------------------------------------------


async def _upgrade(way: Way) -> Finding:
    try:
        async with way.socket() as socket:
            hello = json.loads(await socket.recv())
    except websockets.InvalidStatus as error:
        return problem(
            f"The proxy does not let sockets through: it answers {error.response.status_code} "
            "where a connection should be upgraded. The page then works without them, by waiting.",
            NGINX_SOCKET,
        )
    except (websockets.WebSocketException, OSError, TimeoutError) as error:
        return problem(f"A socket fails: {error or type(error).__name__}.", NGINX_SOCKET)
    if not hello["origin_allowed"]:
        return problem(
            f"Sockets pass, but pages from {way.origin} may not open one.",
            f"Set PUBLIC_URL={way.origin}, and let the proxy pass Host on.",
        )
    return ok("Sockets pass.")


# --- Silence ----------------------------------------------------------------------------------


async def _quiet_stream(way: Way, seconds: float) -> bool:
    """Whether what comes after the silence arrives."""
    lines = 0
    try:
        async with way.http.stream("GET", way.stream(seconds)) as answer:
            async for line in answer.aiter_lines():
                lines += line.startswith("data:")
    except httpx.TransportError:
        return False
    return lines == 2


async def _quiet_socket(way: Way, seconds: float) -> bool:
    try:
        async with way.socket(seconds) as socket:
            await socket.recv()
            await asyncio.wait_for(socket.recv(), seconds + TIMEOUT)
    except (websockets.WebSocketException, OSError, TimeoutError):
        return False
    return True


async def _silence(what: str, held: Awaitable[bool], seconds: float) -> Finding:
    start = time.monotonic()
    if await held:
        return ok(f"{what} outlives {seconds:g} s of silence.")
    lasted = time.monotonic() - start
    return problem(
        f"{what} is cut after {lasted:.0f} s of silence, and the server says something every "
        f"{settings.CHAT_HEARTBEAT_SECONDS:g} s at the latest.",
        "Let connections be silent for at least a minute. In nginx: proxy_read_timeout 3600s;",
    )
