""" "Clear chat": asks first, then starts afresh."""

import re

from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage


def cancel(chat: ChatPage):
    return chat.dialog.get_by_role("button", name="Cancel")


async def confirm(chat: ChatPage) -> None:
    """Clear, and wait until an empty conversation is shown in its place."""
    old = chat.conversation
    await chat.clear()
    await chat.dialog.get_by_role("button", name="Start new chat").click()
    await expect(chat.page).not_to_have_url(re.compile(old))
    await expect(chat.dialog).to_be_hidden()


async def test_it_asks_with_the_focus_on_cancel(visit: Visit):
    """And Cancel changes nothing."""
    chat = await visit.chat(model="normal")
    await chat.ask()
    await chat.clear()
    await expect(cancel(chat)).to_be_focused()
    await cancel(chat).click()
    await expect(chat.dialog).to_be_hidden()
    await expect(chat.title).to_be_focused()
    await expect(chat.questions).to_have_count(1)


async def test_escape_closes_the_dialog_and_nothing_else(visit: Visit):
    """The reply goes on, and the focus returns."""
    chat = await visit.chat(model="gate:n=2")
    await chat.send()
    await chat.clear()
    await expect(chat.dialog).to_contain_text("The running reply will be stopped.")
    await expect(cancel(chat)).to_be_focused()
    await chat.page.keyboard.press("Escape")
    await expect(chat.dialog).to_be_hidden()
    await expect(chat.title).to_be_focused()
    visit.ollama.gate("a").open()
    await expect(chat.text).to_have_text("word0 word1")


async def test_the_focus_stays_inside(visit: Visit):
    """Tab goes round between the two buttons."""
    chat = await visit.chat()
    await chat.clear()
    for _ in range(4):
        await chat.page.keyboard.press("Tab")
        inside = "document.querySelector('dialog').contains(document.activeElement)"
        on_page = "document.activeElement === document.body"  # the browser's own controls
        assert await chat.page.evaluate(f"{inside} || {on_page}")


async def test_a_fresh_conversation_follows(visit: Visit):
    """Empty and ready, while the old one stays on Welcome."""
    chat = await visit.chat(model="normal")
    await chat.ask("Old words")
    await confirm(chat)
    await expect(chat.questions).to_have_count(0)
    await expect(chat.heading).to_have_text("New chat")
    await expect(chat.composer).to_be_focused()
    await chat.ask("New words")
    await expect(chat.questions).to_have_count(1)
    await chat.page.goto("/")
    await chat.page.get_by_role("link", name="Old words").click()
    await expect(chat.questions).to_contain_text("Old words")


async def test_clearing_stops_the_running_reply(visit: Visit):
    """The model is told, and the old conversation has its partial text."""
    chat = await visit.chat(model="gate:n=9")
    await chat.send()
    visit.ollama.gate("a").release(2)
    await expect(chat.text).to_have_text("word0 word1")
    old = chat.conversation
    await confirm(chat)
    assert await (await visit.ollama.chat()).wait_ended() == "client_gone"
    await visit.place.settle()  # the model is told before the end is stored
    reply = (await visit.person.rest.messages(old))[-1]
    assert (reply["status"], reply["content"]) == ("stopped", "word0 word1 ")


async def test_back_leads_to_the_old_conversation(visit: Visit):
    """By the browser's own button."""
    chat = await visit.chat(model="normal")
    await chat.ask("Old words")
    await confirm(chat)
    await chat.page.go_back()
    await expect(chat.questions).to_contain_text("Old words")
    await expect(chat.text).to_have_text("Hello from the scripted model.")
