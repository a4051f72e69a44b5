"""A thread of 200 pictures."""

import io
import statistics
from typing import Any

from PIL import Image
from playwright.async_api import Browser

from bench.page.figures import Figure
from bench.page.lists import OPEN
from bench.page.site import Site
from tests.browser.page import ChatPage
from tests.browser.sidebar import Sidebar
from tests.harness.rest import ok

MESSAGES, EACH = 20, 10
# Resolves once every picture in view is there.
_SEEN = """
async () => {
  const started = performance.now();
  const inView = (image) => {
    const { top, bottom } = image.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  };
  const images = [...document.querySelectorAll('[role=log] img')].filter(inView);
  await Promise.all(images.map((image) => image.decode()));
  return performance.now() - started;
}
"""


async def _fill(site: Site) -> None:
    rest: Any = site.rest
    chat = await site.rest.new_conversation(title="Pictures")
    for message in range(MESSAGES):
        files: list[str] = []
        for number in range(EACH):
            file = io.BytesIO()
            Image.new("RGB", (1600, 1200), (message * 12, number * 25, 120)).save(file, "JPEG")
            files.append(await rest.file(file.getvalue(), f"{message}-{number}.jpg"))
        ok(await rest.generate(chat, f"Look {message}", model="eyes", attachments=files))


async def measure(browser: Browser, site: Site) -> list[Figure]:
    await _fill(site)
    other = await site.conversation()
    context = await site.context(browser)
    chat = ChatPage(await context.new_page())
    opened: list[float] = []
    seen: list[float] = []
    for _ in range(5):
        await chat.open(other)
        await Sidebar(chat.page).row("Pictures").wait_for()
        opened.append(float(await chat.page.evaluate(OPEN, ["Pictures", f"Look {MESSAGES - 1}"])))
        seen.append(float(await chat.page.evaluate(_SEEN)))
    await context.close()
    return [
        Figure(
            f"opening a thread of {MESSAGES * EACH} pictures, median of five",
            statistics.median(opened),
            "ms",
            400,
        ),
        Figure("from then until those in view are there", statistics.median(seen), "ms"),
    ]
