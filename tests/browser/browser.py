"""Chromium, and what a test has of it: contexts that are watched."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    WebError,
    async_playwright,
    expect,
)

from tests.browser import scripts as _scripts  # noqa: F401 - adds its scripts
from tests.browser.page import ChatPage
from tests.harness.place import Person, Place, place_at
from tests.harness.server import ChatServer

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
# Each window would load two pages of its own, for an address bar that nobody sees: a third of what
# a context costs. The last such list on the command line counts, so the rest is Playwright's.
WITHOUT = [
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
]
LEAN = f"--disable-features={','.join(WITHOUT)}"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Longest wait for something to be shown, in milliseconds: long for a busy machine.
WAIT_MS = 45_000
# A report of the content policy is an error in the console in any case; so it names the rule.
_REPORT = """
document.addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""

# What Chromium itself says on the console; a test that causes it has to allow it.
SOCKET_FAILED = r"WebSocket connection to .* failed"


def answered(status: int) -> str:
    """Chromium's line about an answer with this status."""
    return rf"the server responded with a status of {status}"


# A page that is left while its socket still connects.
_LEFT = "WebSocket is closed before the connection is established"
# What Playwright says where a test has no service worker.
_BLOCKED = "Service Worker registration blocked by Playwright"
# About a server that is not there, also for what was still to come: a file, a part of the page,
# its stylesheet, the service worker.
UNREACHABLE = (
    r"net::ERR_"
    r"|Failed to fetch dynamically imported module"
    r"|Unable to preload CSS"
    r"|error occurred when fetching the script"
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, LEAN]
        )
        yield browser
        await browser.close()


class Watch:
    """What the pages of a test did that no page may do."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._allowed = [re.compile(_LEFT), re.compile(_BLOCKED)]

    def allow(self, *patterns: str) -> None:
        """These lines in the console are this test's doing."""
        self._allowed += [re.compile(pattern) for pattern in patterns]

    def attach(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", lambda request: self._request(request.url))
        context.on("page", self._page)

    def problems(self) -> list[str]:
        """The faults that are not allowed."""
        return [f for f in self.faults if not any(p.search(f) for p in self._allowed)]

    def assert_clean(self) -> None:
        faults = self.problems()
        assert not faults, "\n".join(["the page did what it may not do:", *faults])

    def _page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._request(socket.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            place = message.location
            self.faults.append(f"{message.type}: {message.text} ({place.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self.faults.append(f"exception: {error.error}")

    def _request(self, url: str) -> None:
        if not re.match(r"(?:https?|wss?)://127\.0\.0\.1:\d+/|(?:data|blob|about):", url):
            self.faults.append(f"request to another host: {url}")


@asynccontextmanager
async def visiting(browser: Browser, server: ChatServer) -> AsyncIterator["Visit"]:
    """A new person at a server, with scripted models that nobody else asks. Fails at the end when
    a page did what no page may do."""
    async with place_at(server) as place:
        visit = Visit(browser, place, await place.person())
        try:
            yield visit
        finally:
            await visit.aclose()
            if server.shared:  # a message that comes later would be answered in the next test
                await place.without_sockets()
    visit.watch.assert_clean()


class Visit:
    """One person at one server, in the browser. What it opens is closed by `aclose`."""

    def __init__(self, browser: Browser, place: Place, person: Person) -> None:
        self.browser, self.place, self.person = browser, place, person
        self.watch = Watch()
        self._contexts: list[BrowserContext] = []

    @property
    def pages(self) -> list[Page]:
        """Every tab that is open."""
        return [page for context in self._contexts for page in context.pages]

    @property
    def ollama(self) -> Any:
        """The scripted Ollama behind the server."""
        return self.place.ollama

    async def context(
        self, *, port: int | None = None, signed_in: bool = True, **options: Any
    ) -> BrowserContext:
        """A new browser profile, on the server itself or through a proxy on `port`."""
        base_url = f"http://127.0.0.1:{port or self.place.server.port}"
        usual = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
        # A worker costs each profile a process, and hides requests from tests that change them.
        usual["service_workers"] = "block"
        context = await self.browser.new_context(base_url=base_url, **{**usual, **options})
        context.set_default_timeout(WAIT_MS)
        await context.add_init_script(_REPORT)
        if signed_in:
            cookie = {"name": "sessionid", "value": self.person.session, "url": base_url}
            await context.add_cookies([cookie])  # type: ignore[list-item]
        self.watch.attach(context)
        self._contexts.append(context)
        return context

    async def end_session(self, page: Page) -> None:
        """End the session of `page` from another browser."""
        context = await self.context(signed_in=False)
        await context.add_cookies(await page.context.cookies())  # type: ignore[arg-type]
        other = await context.new_page()
        await other.goto("/")
        await other.get_by_role("button", name="Sign out").click()
        await other.get_by_role("button", name="Sign in").wait_for()
        await context.close()

    async def page(self, path: str | None = None, **options: Any) -> Page:
        """A tab in a new profile, at `path` if given."""
        page = await (await self.context(**options)).new_page()
        if path is not None:
            await page.goto(path)
        return page

    async def conversation(self, model: str | None = None, **settings: Any) -> str:
        """A new conversation, in which this model is chosen."""
        if model:
            self.place.offer(model)
            settings["model"] = model
        return await self.person.rest.new_conversation(settings=settings)

    async def offered(self, model: str) -> None:
        """Have it asked for once, so that the server's list, which is kept a while, has it."""
        self.place.offer(model)
        answer = await self.person.rest.generate(await self.conversation(), model=model)
        assert answer.status_code == 200, answer.text

    async def chat(
        self,
        model: str | None = None,
        *,
        conversation: str | None = None,
        context: BrowserContext | None = None,
        **options: Any,
    ) -> ChatPage:
        """A conversation (a new one unless it is named), open and ready to be written in."""
        conversation = conversation or await self.conversation(model)
        context = context or await self.context(**options)
        chat = ChatPage(await context.new_page())
        await chat.open(conversation)
        return chat

    async def stored(self, chat: ChatPage, branch: str = "all") -> list[dict[str, Any]]:
        """The messages of the conversation that is open there, as the server has them."""
        return await self.person.rest.messages(chat.conversation, branch)

    async def hold(self, page: Page, addresses: str) -> asyncio.Event:
        """Let requests of that page to these addresses wait until the end. Tells when the first
        does."""
        waits = asyncio.Event()
        await page.route(addresses, lambda route: waits.set())
        return waits

    async def aclose(self) -> None:
        for context in self._contexts:
            await context.close()
