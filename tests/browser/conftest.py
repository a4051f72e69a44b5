"""One browser and one server per worker; an account and a context per test."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.browser import Visit, chromium, visiting
from tests.conftest import Servers
from tests.harness.clerk import ROOT
from tests.harness.place import Place, place_at
from tests.harness.proxy import Proxy
from tests.harness.server import ChatServer

HERE = Path(__file__).parent
# What the page looked like when a test failed.
PICTURES = ROOT / "test-output" / "browser"
_FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser lives in one event loop, so the tests that use it do too."""
    together = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(together, append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def place(servers: Servers) -> AsyncIterator[Place]:
    async with place_at(servers("daphne", "usual")) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    browser: Browser, servers: Servers, request: pytest.FixtureRequest
) -> AsyncIterator[Visit]:
    """A person of this test at the usual server, or at the variant that the test is marked with."""
    async with visiting(browser, servers("daphne", getattr(request, "param", "usual"))) as visit:
        yield visit
        await _photograph(visit, request)


@pytest_asyncio.fixture(loop_scope="session")
async def own_visit(
    browser: Browser, own_server: Callable[..., ChatServer], request: pytest.FixtureRequest
) -> AsyncIterator[Visit]:
    """A person at a server of this test alone, which has been started."""
    server = own_server("daphne")
    server.start()
    async with visiting(browser, server) as visit:
        yield visit
        await _photograph(visit, request)


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(
    servers: Servers, visit: Visit, request: pytest.FixtureRequest
) -> AsyncIterator[Proxy]:
    """A network between the browser and the usual server, to be broken. The pages end before it:
    they would complain of a network that is gone."""
    async with Proxy(servers("daphne", "usual").port) as proxy:
        yield proxy
        await _photograph(visit, request)
        await visit.aclose()


async def _photograph(visit: Visit, request: pytest.FixtureRequest) -> None:
    """Keep a picture of every page that is open when the test has failed."""
    if not request.node.stash.get(_FAILED, False):
        return
    PICTURES.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.-]+", "-", request.node.name)
    for number, page in enumerate(visit.pages):
        await page.screenshot(path=PICTURES / f"{name}-{number}.png")
