"""Nothing moves under the eyes of a reader: opening a thread, and what arrives late."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.samples import ANSWER, CODE, HOSTILE

# Notes how far the thread is from its end in every frame with a thread, as it is painted: after
# what the page itself does when sizes have changed, since observers are told in the order in which
# they were made.
_EVERY_FRAME = """
(() => {
  const distances = (window.distances = []);
  const look = () => {
    const log = document.querySelector('[role=log]');
    if (log?.querySelector('article')) {
      new ResizeObserver((_, observer) => {
        distances.push(log.scrollHeight - log.clientHeight - log.scrollTop);
        observer.disconnect();
      }).observe(log);
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""

# Sums what the browser calls layout shifts: what moved without being asked to.
_SHIFTS = """
(() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (!one.hadRecentInput) window.shifts.push(one.value);
    }
  }).observe({ type: 'layout-shift', buffered: true });
})();
"""


async def test_a_thread_opens_at_its_end(visit: Visit):
    """From the first frame on: nothing is seen to scroll."""
    conversation = await visit.conversation()
    await visit.place.clerk("fill", conversation_id=conversation, turns=20, words=60)
    context = await visit.context()
    await context.add_init_script(_EVERY_FRAME)
    chat = await visit.chat(conversation=conversation, context=context)
    await expect(chat.replies).to_have_count(20)
    await chat.page.wait_for_function("() => window.distances.length > 10")
    distances = await chat.page.evaluate("window.distances")
    assert max(distances) < 2, distances


async def test_late_colours_move_nothing(visit: Visit):
    """What stands below a code block is where it was when its colours come."""
    visit.ollama.text = f"Before.\n\n{CODE}\n\nAfter."
    chat = await visit.chat(model="said")
    await chat.ask()
    context = await visit.context()
    await context.add_init_script(_SHIFTS)
    late = ChatPage(await context.new_page())
    came: asyncio.Future[Route] = asyncio.get_running_loop().create_future()
    await late.page.route(re.compile(r"/assets/python-"), lambda route: came.set_result(route))
    await late.open(chat.conversation)
    after = late.reply.get_by_text("After.")
    keyword = late.reply.get_by_text("def", exact=True)
    await expect(after).to_be_visible()
    grammar = await came
    before = await after.bounding_box()
    await expect(keyword).to_have_count(0)
    await grammar.continue_()
    await expect(keyword).to_be_visible()
    assert await after.bounding_box() == before
    assert sum(await late.page.evaluate("window.shifts")) < 0.05


@pytest.mark.parametrize("text", [ANSWER, HOSTILE], ids=["tables and code", "images"])
async def test_nothing_shifts_while_a_reply_is_written(visit: Visit, text: str):
    """Nor when the thread is opened again: CLS stays below 0.05."""
    visit.ollama.text = text
    context = await visit.context()
    await context.add_init_script(_SHIFTS)
    chat = await visit.chat(model="typed:gap=0.005", context=context)
    await chat.ask()
    assert sum(await chat.page.evaluate("window.shifts")) < 0.05
    await chat.reload()
    await expect(chat.reply).to_contain_text(re.compile(r"\d+ tokens"))
    assert sum(await chat.page.evaluate("window.shifts")) < 0.05
