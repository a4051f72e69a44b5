"""axe finds nothing, on any screen, in both themes."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from tests.browser import screens_files as _screens_files  # noqa: F401 - adds its screens
from tests.browser import screens_more as _screens_more  # noqa: F401 - adds its screens
from tests.browser import screens_tools as _screens_tools  # noqa: F401 - adds its screens
from tests.browser.browser import Visit
from tests.browser.screens import SCREENS, VARIANTS
from tests.browser.screens import settings as settings_screen
from tests.browser.starts import printed_link
from tests.harness.server import ChatServer

# Without motion, so that nothing is looked at while it fades in.
STILL = {"reduced_motion": "reduce"}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


# What each theme is asked. All rules but those of colours find the same in both.
RULES: dict[str, dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}


async def assert_accessible(page: Page) -> None:
    for theme, rules in RULES.items():
        await page.emulate_media(color_scheme=theme)
        results = await Axe().run(page, options=rules)
        assert results.violations_count == 0, f"{theme}:\n{results.generate_report()}"


@pytest.mark.parametrize(
    ("name", "visit"),
    [(name, VARIANTS.get(name, "usual")) for name in SCREENS],
    ids=list(SCREENS),
    indirect=["visit"],
)
async def test_axe_finds_nothing(name: str, visit: Visit):
    """On this screen."""
    await assert_accessible(await SCREENS[name](visit, STILL))


async def test_axe_finds_nothing_in_the_sheet(visit: Visit):
    """In which a phone shows the settings."""
    await assert_accessible(await settings_screen(visit, {**STILL, **PHONE}))


async def test_axe_finds_nothing_in_the_set_up(own_server: Callable[..., ChatServer], visit: Visit):
    """Of the first owner, and on the page that says where its link is."""
    server = own_server("daphne")
    server.start()
    page = await visit.page(server.url, signed_in=False, **STILL)
    await assert_accessible(page)
    await page.goto(printed_link(server))
    await assert_accessible(page)
