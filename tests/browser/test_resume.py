"""A reply belongs to its conversation: reloads and other tabs join it."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage


async def test_a_reload_in_the_middle_goes_on(visit: Visit):
    """The text is exact, there is no second user message, and the model was asked once."""
    chat = await visit.chat(model="gate:n=6")
    gate = visit.ollama.gate("a")
    await chat.send("Go on")
    gate.release(3)
    await expect(chat.text).to_have_text("word0 word1 word2")
    await chat.reload()
    await expect(chat.text).to_have_text("word0 word1 word2")
    await expect(chat.stop_button).to_be_visible()
    gate.release()
    await expect(chat.text).to_have_text("word0 word1 word2 word3")
    gate.open()
    await chat.idle()
    await expect(chat.text).to_have_text("word0 word1 word2 word3 word4 word5")
    await expect(chat.questions).to_have_count(1)
    assert len(await visit.stored(chat)) == 2
    assert len(visit.ollama.chats) == 1


async def test_a_reload_before_the_first_token(visit: Visit):
    """The page comes back to the indicator, and Stop works."""
    chat = await visit.chat(model="gate:n=2")
    await chat.send()
    await visit.ollama.chat()
    await chat.reload()
    await expect(chat.text).to_have_text(re.compile("Loading model|Reading your message|Thinking"))
    await chat.stop_button.click()
    await expect(chat.reply.get_by_text("Stopped", exact=True)).to_be_visible()


async def test_what_ends_while_the_page_is_away_is_there(visit: Visit):
    """A closed tab stops nothing."""
    chat = await visit.chat(model="gate:n=2")
    await chat.send()
    await visit.ollama.chat()
    await chat.page.goto("about:blank")
    visit.ollama.gate("a").open()
    assert await (await visit.ollama.chat()).wait_ended() == "complete"
    await chat.open((await visit.person.rest.get("/api/conversations/")).json()["results"][0]["id"])
    await expect(chat.text).to_have_text("word0 word1")
    await chat.idle()


async def both(one: ChatPage, other: ChatPage, text: str) -> None:
    for chat in (one, other):
        await expect(chat.text).to_have_text(text)
        await expect(chat.questions).to_have_count(1)
        await expect(chat.replies).to_have_count(1)


@pytest.mark.parametrize("stopper", [0, 1], ids=["the asking one", "the other one"])
async def test_two_tabs_show_the_same_and_each_can_stop(visit: Visit, stopper: int):
    """Live, whichever of them asked."""
    one = await visit.chat(model="gate:n=9")
    other = await visit.chat(conversation=one.conversation, context=one.page.context)
    await one.send()
    visit.ollama.gate("a").release(2)
    await both(one, other, "word0 word1")
    visit.ollama.gate("a").release()
    await both(one, other, "word0 word1 word2")
    await (one, other)[stopper].stop_button.click()
    for chat in (one, other):
        await expect(chat.reply.get_by_text("Stopped", exact=True)).to_be_visible()
        await chat.idle()
    await both(one, other, "word0 word1 word2")


async def test_two_tabs_take_turns(visit: Visit):
    """What one says is context for the other, and both keep one order."""
    one = await visit.chat(model="echo")
    other = await visit.chat(conversation=one.conversation, context=one.page.context)
    await one.ask("from the first")
    await expect(other.text).to_have_text("from the first")
    await other.idle()
    await other.ask("from the second")
    for chat in (one, other):
        said = chat.log.get_by_role("article").get_by_role("paragraph")
        await expect(chat.replies).to_have_count(2)
        await expect(chat.text).to_have_text("from the second")
        await expect(said.nth(0)).to_have_text("from the first")
    assert len(await visit.stored(one, "head")) == 4
