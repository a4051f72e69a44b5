"""Typing in a thread of 2,000 messages, of which 60 are drawn, in an empty one, and while a reply
streams."""

import asyncio

from playwright.async_api import Browser, CDPSession, expect

from bench.page.figures import Figure
from bench.page.loading import SLOWER_CPU
from bench.page.site import Site
from tests.browser.page import ChatPage

TURNS = 1_000
KEYS = 60
PAUSE_S = 0.12
# Tokens a second: a fast model's.
RATE = 60
# Keys that are painted sooner are not told of one by one.
SOONEST_MS = 16.0
_OBSERVE = """
() => {
  window.keys = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (one.name === 'keydown') window.keys.push(one.duration);
    }
  }).observe({ type: 'event', durationThreshold: 16 });
}
"""


async def _script_s(session: CDPSession) -> float:
    """Seconds that the page's scripts have run."""
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "ScriptDuration")


async def _type(chat: ChatPage) -> None:
    for count in range(KEYS):
        await chat.page.keyboard.type("typing while one reads "[count % 23])
        await asyncio.sleep(PAUSE_S)


async def _typed(browser: Browser, site: Site, conversation: str) -> tuple[float, float]:
    """Milliseconds of script for a key, and from a key to its paint on a slower processor, the
    95th of 100."""
    context = await site.context(browser)
    chat = ChatPage(await context.new_page())
    session = await context.new_cdp_session(chat.page)
    await session.send("Performance.enable")
    await chat.open(conversation)
    await chat.page.wait_for_load_state("networkidle")
    before = await _script_s(session)
    await _type(chat)
    script = (await _script_s(session) - before) / KEYS * 1000
    paint = await _painted(chat, session)
    await context.close()
    return script, paint


async def _painted(chat: ChatPage, session: CDPSession) -> float:
    """Milliseconds from a key to its paint on a slower processor, the 95th of 100."""
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_CPU})
    await chat.page.evaluate(_OBSERVE)
    await _type(chat)
    seen = await chat.page.evaluate("window.keys")
    keys = sorted([*[SOONEST_MS] * (KEYS - len(seen)), *seen])
    return float(keys[int(KEYS * 0.95)])


async def _while_streaming(browser: Browser, site: Site) -> float:
    """The same while a reply streams, from its first screens on."""
    context = await site.context(browser)
    chat = ChatPage(await context.new_page())
    session = await context.new_cdp_session(chat.page)
    await chat.open(await site.conversation(f"essay:n=5000,rate={RATE}"))
    await chat.send("Write a book")
    await expect(chat.activity).to_contain_text("Writing")
    paint = await _painted(chat, session)
    await expect(chat.stop_button).to_be_visible()  # it still streams
    await context.close()
    return paint


async def measure(browser: Browser, site: Site) -> list[Figure]:
    empty_script, empty_paint = await _typed(browser, site, await site.conversation())
    long = await site.conversation()
    await site.clerk("fill", conversation_id=long, turns=TURNS, words=60)
    long_script, long_paint = await _typed(browser, site, long)
    where = f"a thread of {2 * TURNS:,} messages"
    slow = f"processor {SLOWER_CPU} times slower, p95"
    return [
        Figure("script for a key, an empty chat", empty_script, "ms"),
        Figure(f"script for a key, {where}", long_script, "ms"),
        Figure(f"from a key to its paint, an empty chat, {slow}", empty_paint, "ms", 100),
        Figure(f"from a key to its paint, {where}, {slow}", long_paint, "ms", 100),
        Figure(
            f"from a key to its paint while {RATE} tokens a second stream, {slow}",
            await _while_streaming(browser, site),
            "ms",
            100,
        ),
    ]
