"""Ctrl+K: conversations and commands in one list."""

import re

from playwright.async_api import Page, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage


class Palette:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.dialog = page.get_by_role("dialog", name="Search and commands")
        self.field = self.dialog.get_by_role("combobox")
        self.choices = self.dialog.get_by_role("option")
        self.chosen = self.dialog.get_by_role("option", selected=True)

    async def open(self) -> "Palette":
        await self.page.keyboard.press("Control+k")
        await expect(self.field).to_be_focused()
        return self


async def titled(visit: Visit, title: str) -> str:
    return await visit.person.rest.new_conversation(title=title)


async def test_it_leads_to_a_conversation(visit: Visit):
    """By what was said in it, with the words marked; it opens at the message that has them."""
    old = await titled(visit, "Old one")
    await visit.person.rest.generate(old, "All about periwinkles")
    chat = await visit.chat()
    palette = await Palette(chat.page).open()
    await chat.page.keyboard.type("periw")
    await expect(palette.choices).to_have_count(1)
    await expect(palette.choices.locator("mark").first).to_have_text("periw")
    await chat.page.keyboard.press("Enter")
    await expect(palette.dialog).to_have_count(0)
    await expect(chat.page).to_have_url(re.compile(old))
    await expect(chat.questions.first).to_be_focused()


async def test_recent_ones_come_first(visit: Visit):
    """Before anything is typed; the arrows go round."""
    for title in ("Oldest", "Older"):
        await titled(visit, title)
    chat = await visit.chat()
    palette = await Palette(chat.page).open()
    # The open one is no way to anywhere.
    await expect(palette.chosen).to_have_text("Older")
    await chat.page.keyboard.press("ArrowDown")
    await expect(palette.chosen).to_have_text("Oldest")
    await chat.page.keyboard.press("ArrowUp")
    await chat.page.keyboard.press("ArrowUp")
    await expect(palette.chosen).to_contain_text("Show keyboard shortcuts")
    chosen = await palette.chosen.get_attribute("id")
    await expect(palette.field).to_have_attribute("aria-activedescendant", str(chosen))


async def test_it_runs_commands(visit: Visit):
    chat = await visit.chat()
    palette = await Palette(chat.page).open()
    await chat.page.keyboard.type("run set")
    await expect(palette.choices).to_have_count(1)
    await chat.page.keyboard.press("Enter")
    await expect(chat.settings.heading).to_be_visible()
    await palette.open()
    await chat.page.keyboard.type("clear")
    await chat.page.keyboard.press("Enter")
    await expect(chat.dialog).to_be_visible()


async def test_nothing_found(visit: Visit):
    chat = await visit.chat()
    palette = await Palette(chat.page).open()
    await chat.page.keyboard.type("xyzzy")
    await expect(palette.dialog.get_by_text("No results for “xyzzy”.")).to_be_visible()
    await expect(palette.choices).to_have_count(0)


async def test_it_gives_the_focus_back(visit: Visit):
    """By Escape, by the same keys, by a click beside it; what was written is still there."""
    chat: ChatPage = await visit.chat()
    await chat.composer.fill("Half a thought")
    palette = Palette(chat.page)
    for leave in ("Escape", "Control+k"):
        await palette.open()
        await chat.page.keyboard.press(leave)
        await expect(palette.dialog).to_have_count(0)
        await expect(chat.composer).to_be_focused()
    await palette.open()
    await chat.page.mouse.click(20, 780)
    await expect(palette.dialog).to_have_count(0)
    await expect(chat.composer).to_have_value("Half a thought")
