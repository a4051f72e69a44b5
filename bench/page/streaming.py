"""A reply of 20,000 tokens at 500 a second, while somebody types; and a long paste."""

import asyncio
import statistics

from playwright.async_api import Browser, CDPSession, Page, expect

from bench.page.figures import Figure
from bench.page.site import Site
from tests.browser.page import ChatPage

TOKENS, RATE = 20_000, 500
_OBSERVE = """
() => {
  const seen = (window.seen = { tasks: [], keys: [], frames: [] });
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) seen.tasks.push(one.duration);
  }).observe({ type: 'longtask' });
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (one.name === 'keydown') seen.keys.push(one.duration);
    }
  }).observe({ type: 'event', durationThreshold: 16 });
  let last = performance.now();
  const frame = (now) => {
    seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
"""
_PASTE = """
(text) => new Promise((resolve) => {
  const field = document.querySelector('#composer');
  field.focus();
  const started = performance.now();
  document.execCommand('insertText', false, text);
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - started)));
})
"""


async def _busy(session: CDPSession) -> float:
    """Seconds that the page's main thread has worked."""
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


async def _type(page: Page) -> int:
    """Type until cancelled; how many keys, by the end, is what the list has."""
    typed = 0
    try:
        while True:
            await page.keyboard.type("typing while it streams "[typed % 24])
            typed += 1
            await asyncio.sleep(0.12)
    except asyncio.CancelledError:
        return typed


async def _fenced_line(browser: Browser, site: Site) -> Figure:
    """The longest task while one line of code of 150,000 characters streams."""
    context = await site.context(browser)
    chat = ChatPage(await context.new_page())
    await chat.open(await site.conversation("fence:n=150000"))
    await chat.page.evaluate(_OBSERVE)
    await chat.ask("Write a long line")
    tasks = await chat.page.evaluate("window.seen.tasks")
    await context.close()
    return Figure("longest task, a line of 150,000 characters", max(tasks, default=0), "ms", 100)


async def measure(browser: Browser, site: Site) -> list[Figure]:
    context = await site.context(browser)
    chat = ChatPage(await context.new_page())
    await chat.open(await site.conversation(f"essay:n={TOKENS},rate={RATE}"))
    session = await context.new_cdp_session(chat.page)
    await session.send("Performance.enable")
    await chat.send("Write a book")
    await expect(chat.activity).to_contain_text("Writing")
    await chat.page.evaluate(_OBSERVE)
    before = await _busy(session)
    typing = asyncio.create_task(_type(chat.page))
    await expect(chat.stop_button).to_be_hidden(timeout=300_000)
    typing.cancel()
    typed = await typing
    worked = await _busy(session) - before
    seen = await chat.page.evaluate("window.seen")
    await chat.idle()
    await chat.composer.fill("")
    pasted = [await chat.page.evaluate(_PASTE, "word " * 20_000) for _ in range(3)]
    await context.close()
    # Keys that were painted sooner than 16 ms are not told of one by one.
    keys = sorted([*[16.0] * (typed - len(seen["keys"])), *seen["keys"]])
    frames = seen["frames"][1:]
    dropped = sum(max(0, round(frame / (1000 / 60)) - 1) for frame in frames)
    return [
        Figure(
            f"longest task, {TOKENS:,} tokens at {RATE}/s", max(seen["tasks"], default=0), "ms", 50
        ),
        Figure("tasks over 50 ms", len(seen["tasks"]), "", 0),
        Figure("main thread, for each token", worked / TOKENS * 1000, "ms"),
        Figure("frames dropped", dropped / (dropped + len(frames)) * 100, "%"),
        Figure(f"from a key to its paint, p98 of {typed}", keys[int(len(keys) * 0.98)], "ms", 50),
        Figure("pasting 100 kB, median of three", statistics.median(pasted), "ms", 200),
        await _fenced_line(browser, site),
    ]
