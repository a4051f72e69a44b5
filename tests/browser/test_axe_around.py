"""axe finds nothing around the thread either: the list, menus, search, palette, help, toasts."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.sidebar import Sidebar
from tests.browser.test_axe import STILL, assert_accessible

Step = Callable[[ChatPage, Sidebar], Awaitable[None]]


async def row_menu(chat: ChatPage, sidebar: Sidebar) -> None:
    await sidebar.choose("Tides", "Pin")
    await expect(sidebar.group("Pinned")).to_have_count(1)
    await sidebar.row("Tides").hover()
    await sidebar.nav.get_by_role("button", name="Actions for Tides").click()


async def rename(chat: ChatPage, sidebar: Sidebar) -> None:
    await sidebar.choose("Tides", "Rename")


async def toast(chat: ChatPage, sidebar: Sidebar) -> None:
    await sidebar.choose("Tides", "Delete")
    await sidebar.undo.hover()  # it stays


async def archive(chat: ChatPage, sidebar: Sidebar) -> None:
    await sidebar.archive.click()
    await expect(sidebar.nav.get_by_text("No archived chats.")).to_be_visible()


async def search(chat: ChatPage, sidebar: Sidebar) -> None:
    await sidebar.search.fill("tid")
    await expect(sidebar.found.locator("mark").first).to_be_visible()


async def palette(chat: ChatPage, sidebar: Sidebar) -> None:
    await chat.page.keyboard.press("Control+k")
    await expect(chat.page.get_by_role("option").first).to_be_visible()


async def shortcuts(chat: ChatPage, sidebar: Sidebar) -> None:
    await chat.page.keyboard.press("Control+/")
    await expect(chat.page.get_by_role("dialog")).to_be_visible()


async def account(chat: ChatPage, sidebar: Sidebar) -> None:
    await sidebar.account.click()
    await expect(chat.page.get_by_role("menu")).to_be_visible()


async def drawer(chat: ChatPage, sidebar: Sidebar) -> None:
    await chat.page.set_viewport_size({"width": 390, "height": 844})
    await sidebar.toggle.click()
    await expect(sidebar.row("Tides")).to_be_visible()


SCREENS: list[Step] = [
    row_menu,
    rename,
    toast,
    archive,
    search,
    palette,
    shortcuts,
    account,
    drawer,
]


@pytest.mark.parametrize("step", SCREENS, ids=lambda step: step.__name__)
async def test_axe_finds_nothing(visit: Visit, step: Step):
    """In both themes."""
    await visit.person.rest.new_conversation(title="Tides")
    chat = await visit.chat(**STILL)
    sidebar = Sidebar(chat.page)
    await expect(sidebar.row("Tides")).to_be_visible()
    await step(chat, sidebar)
    await assert_accessible(chat.page)
