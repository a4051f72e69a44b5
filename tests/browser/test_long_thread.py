"""A thread of 2,000 messages: opened at its end, read backwards in a still window."""

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.sidebar import Sidebar

_TOP = "e => e.getBoundingClientRect().top"
# What would be on paper, as a browser does it: at once.
_PRINTS = """() => {
  window.print = () => {
    window.printed = [...document.querySelectorAll('[role=log] article')].map((e) => e.textContent);
  };
}"""


async def long_thread(visit: Visit, turns: int = 1000) -> ChatPage:
    conversation = await visit.conversation()
    await visit.place.clerk("fill", conversation_id=conversation, turns=turns, words=30)
    return await visit.chat(conversation=conversation)


async def test_it_opens_at_its_end(visit: Visit):
    """With the newest messages only."""
    chat = await long_thread(visit)
    await expect(chat.text).to_contain_text("1999 word")
    await chat.at_end()
    assert await chat.log.get_by_role("article").count() <= 200


async def test_older_messages_come_in_without_a_jump(visit: Visit):
    """What is being read stays where it is, to the pixel, until the very first one is there."""
    chat = await long_thread(visit, turns=100)
    articles = chat.log.get_by_role("article")
    await expect(articles).to_have_count(60)
    await chat.page.mouse.move(640, 400)
    await chat.page.mouse.wheel(0, -100)
    first = await articles.first.element_handle()
    assert first is not None
    async with chat.page.expect_response(lambda r: "before=" in r.url):
        await chat.log.evaluate("e => { e.scrollTop = 120; }")
    before = float(await first.evaluate(_TOP))
    await expect(articles).not_to_have_count(60)
    assert float(await first.evaluate(_TOP)) == pytest.approx(before, abs=1)
    while (count := await articles.count()) < 200:
        await chat.log.evaluate("e => { e.scrollTop = 0; }")
        await expect(articles).not_to_have_count(count)
    assert await articles.count() == 200
    await expect(chat.page.get_by_text("0 word").first).to_be_visible()


async def test_it_goes_on_from_its_end(visit: Visit):
    """A message that is sent there answers the last one."""
    chat = await long_thread(visit, turns=100)
    await chat.ask("And now?")
    stored = await visit.stored(chat, "head")
    assert len(stored) == 202
    assert stored[-2]["content"] == "And now?"


async def test_a_hit_and_paper_reach_what_was_not_loaded(visit: Visit):
    """A search hit opens at its message, which has the focus, and is looked for in what was said
    alone; print has the first one."""
    chat = await long_thread(visit, turns=110)
    sidebar = Sidebar(chat.page)
    await sidebar.search.fill("57")
    await sidebar.found.filter(has=chat.page.locator("mark")).click()
    places = chat.page.get_by_role("search", name="Search results in this chat")
    await expect(places.get_by_role("status")).to_have_text("1 of 1 for “57”")
    await expect(chat.page.locator("article:focus")).to_contain_text("57 word word")
    await expect(chat.page.locator("article:focus")).to_be_in_viewport()
    chat = await visit.chat(conversation=chat.conversation)
    await chat.page.evaluate(_PRINTS)
    await chat.page.keyboard.press("Control+p")
    await chat.until("() => window.printed?.length === 220 && window.printed[0].includes('0 word')")
