"""Shortcuts: each does its work, none takes what a field or the browser needs."""

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.samples import ANSWER
from tests.browser.sidebar import Sidebar


def help_dialog(chat: ChatPage):
    return chat.page.get_by_role("dialog", name="Keyboard shortcuts")


async def leave_field(chat: ChatPage) -> None:
    await chat.composer.blur()


@pytest.mark.parametrize("keys", ["?", "Control+/"])
async def test_the_list_of_shortcuts(visit: Visit, keys: str):
    """Opens and closes by the same keys, and by Escape; the focus returns."""
    chat = await visit.chat()
    await chat.settings_button.focus()
    await chat.page.keyboard.press(keys)
    await expect(help_dialog(chat)).to_be_visible()
    await expect(help_dialog(chat).get_by_text("Copy last code block")).to_be_visible()
    await chat.page.keyboard.press(keys)
    await expect(help_dialog(chat)).to_have_count(0)
    await chat.page.keyboard.press(keys)
    await chat.page.keyboard.press("Escape")
    await expect(help_dialog(chat)).to_have_count(0)
    await expect(chat.settings_button).to_be_focused()


async def test_a_question_mark_in_a_field_is_one(visit: Visit):
    """So are letters; keys with a modifier work there too."""
    chat = await visit.chat()
    await chat.page.keyboard.type("What? n /")
    await expect(chat.composer).to_have_value("What? n /")
    await expect(help_dialog(chat)).to_have_count(0)
    await chat.page.keyboard.press("Control+/")
    await expect(help_dialog(chat)).to_be_visible()


# Looks where the focus is in the very task that draws the field, before it can be painted.
_FIRST_FOCUS = """
new MutationObserver((_, observer) => {
  if (!document.getElementById('composer')) return;
  observer.disconnect();
  window.firstFocus = document.activeElement?.id;
}).observe(document, { childList: true, subtree: true });
"""


async def test_the_field_is_never_seen_before_it_has_the_focus(visit: Visit):
    """What is typed as soon as it is there goes into it, however busy the machine is."""
    context = await visit.context()
    await context.add_init_script(_FIRST_FOCUS)
    chat = await visit.chat(context=context)
    assert await chat.page.evaluate("window.firstFocus") == "composer"


async def test_to_the_composer_without_stopping(visit: Visit):
    """Shift+Escape moves the focus; Escape alone stops."""
    chat = await visit.chat(model="gate:n=9")
    await chat.send()
    visit.ollama.gate("a").release(2)
    await expect(chat.text).to_have_text("word0 word1")
    await chat.settings_button.focus()
    await chat.page.keyboard.press("Shift+Escape")
    await expect(chat.composer).to_be_focused()
    await expect(chat.stop_button).to_be_visible()
    await chat.page.keyboard.press("Escape")
    await chat.idle()
    await expect(chat.reply.get_by_text("Stopped", exact=True)).to_be_visible()


async def test_escape_closes_before_it_stops(visit: Visit):
    """A menu, a dialog and the palette go first; the reply goes on."""
    chat = await visit.chat(model="gate:n=2")
    await chat.send()
    await Sidebar(chat.page).account.click()
    await chat.page.keyboard.press("Escape")
    await expect(chat.page.get_by_role("menu")).to_have_count(0)
    for keys in ("Control+/", "Control+k"):
        await chat.page.keyboard.press(keys)
        await expect(chat.page.locator("dialog")).to_be_visible()
        await chat.page.keyboard.press("Escape")
        await expect(chat.page.locator("dialog")).to_have_count(0)
    visit.ollama.gate("a").open()
    await expect(chat.text).to_have_text("word0 word1")


async def test_clearing_asks(visit: Visit):
    chat = await visit.chat()
    await chat.page.keyboard.press("Control+Shift+Backspace")
    await expect(chat.dialog.get_by_role("button", name="Cancel")).to_be_focused()
    await chat.page.keyboard.press("Escape")
    await expect(chat.dialog).to_have_count(0)


async def test_between_messages(visit: Visit):
    """Alt and the arrows, from the last one up, and not beyond the ends."""
    chat = await visit.chat(model="normal")
    await chat.ask("One")
    await chat.ask("Two")
    articles = chat.log.get_by_role("article")
    for keys, index in [("ArrowUp", 3), ("ArrowUp", 2), ("ArrowDown", 3), ("ArrowDown", 3)]:
        await chat.page.keyboard.press(f"Alt+{keys}")
        await expect(articles.nth(index)).to_be_focused()
    for _ in range(5):
        await chat.page.keyboard.press("Alt+ArrowUp")
    await expect(articles.first).to_be_focused()


async def test_copying(visit: Visit):
    """The last reply as Markdown; its last code block alone."""
    visit.ollama.text = ANSWER
    chat = await visit.chat(model="said", permissions=["clipboard-read", "clipboard-write"])
    await chat.ask()
    await expect(chat.reply.get_by_role("group", name="Code, python")).to_be_visible()
    clipboard = "navigator.clipboard.readText()"
    await chat.page.keyboard.press("Alt+Shift+C")
    await expect(chat.note("Copied")).to_have_count(1)
    assert await chat.page.evaluate(clipboard) == ANSWER
    await chat.page.keyboard.press("Control+Shift+;")
    await chat.page.wait_for_function(f"async () => !(await {clipboard}).includes('```')")
    assert (await chat.page.evaluate(clipboard)) in ANSWER


async def test_around_the_thread(visit: Visit):
    """The sidebar, the settings, a new chat."""
    chat = await visit.chat(model="normal")
    sidebar = Sidebar(chat.page)
    await chat.ask("Something")
    await chat.page.keyboard.press("Alt+Shift+S")
    await expect(sidebar.nav).to_have_count(0)
    await chat.page.keyboard.press("Alt+Shift+R")
    await expect(chat.settings.heading).to_be_visible()
    await chat.page.keyboard.press("Alt+Shift+R")
    await expect(chat.settings.heading).to_have_count(0)
    await chat.page.keyboard.press("Alt+Shift+N")
    await expect(chat.heading).to_have_text("New chat")
    await expect(chat.composer).to_be_focused()


async def test_undo_is_the_fields_while_writing(visit: Visit):
    """Elsewhere it takes back what a toast tells of."""
    chat = await visit.chat()
    sidebar = Sidebar(chat.page)
    await visit.person.rest.new_conversation(title="Other")
    await chat.reload()
    await sidebar.choose("Other", "Delete")
    await expect(sidebar.toasts).to_contain_text("Deleted “Other”")
    await chat.composer.fill("abc")
    await chat.page.keyboard.press("Control+z")
    await expect(sidebar.row("Other")).to_have_count(0)
    await leave_field(chat)
    await chat.page.keyboard.press("Control+z")
    await expect(sidebar.row("Other")).to_be_visible()
