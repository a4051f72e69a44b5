"""The list of conversations as a person finds it, beside the thread or as a drawer."""

from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


class Sidebar:
    """Locators are looked up anew whenever they are used."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.nav = page.get_by_role("navigation", name="Chats")
        self.drawer = page.get_by_role("dialog", name="Chats")
        self.toggle = page.get_by_role("button", name="Toggle sidebar", exact=True)
        self.new_chat = self.nav.get_by_role("button", name="New chat", exact=True)
        self.search = self.nav.get_by_role("searchbox", name="Search chats")
        self.rows = self.nav.get_by_role("link").and_(page.locator("[data-row]"))
        self.found = self.nav.get_by_role("listitem").get_by_role("link")
        self.archive = self.nav.get_by_role("button", name="Archived chats")
        self.account = self.nav.get_by_role("button", name="Account:")
        self.toasts = page.get_by_role("region", name="Notifications")
        self.undo = self.toasts.get_by_role("button", name="Undo")

    def row(self, title: str) -> Locator:
        return self.rows.filter(has_text=title)

    def group(self, name: str) -> Locator:
        """The rows below this heading."""
        return self.nav.get_by_role("list", name=name, exact=True).get_by_role("link")

    async def choose(self, title: str, action: str) -> None:
        """An entry of the row's menu."""
        await self.row(title).hover()
        await self.nav.get_by_role("button", name=f"Actions for {title}").click()
        await self.page.get_by_role("menuitem", name=action, exact=True).click()

    async def titles(self, *titles: str) -> None:
        """Wait until the list has these rows, in this order."""
        await expect(self.rows).to_have_text(list(titles))


async def three(visit: Visit, **options: Any) -> tuple[ChatPage, Sidebar, list[str]]:
    """`First`, `Second`, `Third`; the first is open, the others are newer."""
    ids = []
    for title in ("First", "Second", "Third"):
        ids.append(await visit.person.rest.new_conversation(title=title))
    chat = await visit.chat(conversation=ids[0], **options)
    return chat, Sidebar(chat.page), ids
