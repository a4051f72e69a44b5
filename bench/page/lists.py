"""A thread of 2,000 messages, and 10,000 conversations beside it."""

import statistics
import time

from playwright.async_api import Browser, Page

from bench.page.figures import Figure
from bench.page.site import Site
from tests.browser.page import ChatPage
from tests.browser.sidebar import Sidebar

TURNS, CONVERSATIONS = 1000, 10_000

# Resolves with the milliseconds from a click on the row to the frame in which the thread is
# there, at its end.
OPEN = """
([title, last]) => new Promise((resolve) => {
  const rows = [...document.querySelectorAll('[data-row]')];
  const row = rows.find((one) => one.textContent.includes(title));
  const started = performance.now();
  row.click();
  const look = () => {
    const log = document.querySelector('[role=log]');
    const there = log?.textContent.includes(last)
      && log.scrollHeight - log.clientHeight - log.scrollTop < 2;
    if (there) setTimeout(() => resolve(performance.now() - started));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""
_FRAMES = """
() => {
  const frames = (window.frameTimes = []);
  let last = performance.now();
  const frame = (now) => {
    frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
"""


async def _scroll(page: Page, x: int, y: int, distance: int) -> float:
    """Scroll by a gesture; the share of frames that took longer than two, in percent."""
    await page.evaluate(_FRAMES)
    session = await page.context.new_cdp_session(page)
    gesture = {"x": x, "y": y, "yDistance": distance, "speed": 3000, "gestureSourceType": "mouse"}
    await session.send("Input.synthesizeScrollGesture", gesture)
    frames = (await page.evaluate("window.frameTimes"))[1:]
    return float(sum(frame > 34 for frame in frames) / len(frames) * 100)


async def measure(browser: Browser, site: Site) -> list[Figure]:
    long = await site.rest.new_conversation(title="Long thread")
    await site.clerk("fill", conversation_id=long, turns=TURNS, words=30)
    other = await site.conversation()
    await site.many(CONVERSATIONS)
    context = await site.context(browser)
    chat = ChatPage(await context.new_page())
    sidebar = Sidebar(chat.page)
    last = f"{2 * TURNS - 1} word"
    opened: list[float] = []
    for _ in range(5):
        await chat.open(other)
        await sidebar.row("Long thread").wait_for()
        opened.append(float(await chat.page.evaluate(OPEN, ["Long thread", last])))
    slow = await _scroll(chat.page, 700, 400, 12_000)
    articles = await chat.log.get_by_role("article").count()
    slow_list = await _scroll(chat.page, 140, 500, -60_000)
    rows = await sidebar.rows.count()
    started = time.perf_counter()
    await sidebar.search.fill("number 9876")
    await sidebar.found.filter(has_text="number 9876").first.wait_for()
    found = (time.perf_counter() - started) * 1000
    await context.close()
    return [
        Figure(
            f"opening a thread of {2 * TURNS:,} messages, median of five",
            statistics.median(opened),
            "ms",
            300,
        ),
        Figure("frames over 34 ms while scrolling up in it", slow, "%"),
        Figure("messages that the page holds after that", articles, ""),
        Figure(
            f"frames over 34 ms while scrolling a list of {CONVERSATIONS:,} conversations",
            slow_list,
            "%",
        ),
        Figure("rows that the page holds of them", rows, ""),
        Figure("searching them by title, from the last key to the result", found, "ms"),
    ]
