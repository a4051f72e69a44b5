"""What is fetched before something is to be seen, and when that is, on a slow phone."""

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from bench.page.figures import Figure
from bench.page.site import Site
from tests.harness.clerk import ROOT

ASSETS = ROOT / "web" / "dist"
# Lighthouse's mobile profile, as Chromium throttles by itself.
SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 750e3 / 8,
}
SLOWER_CPU = 4

_OBSERVE = """
(() => {
  const seen = (window.seen = { lcp: 0, shifts: 0, element: '', read: 0, writable: 0 });
  const look = new MutationObserver(() => {
    if (!document.querySelector('textarea')) return;
    seen.writable = performance.now();
    look.disconnect();
  });
  look.observe(document, { childList: true, subtree: true });
  // The frame in which the last message is painted.
  const readable = () => {
    if (document.querySelector('#root article .prose')) seen.read = performance.now();
    else requestAnimationFrame(readable);
  };
  requestAnimationFrame(readable);
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      seen.lcp = one.startTime;
      seen.element = one.element?.outerHTML.slice(0, 80) ?? '';
    }
  }).observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) seen.shifts += one.value;
  }).observe({ type: 'layout-shift', buffered: true });
})();
"""

_RESULT = """
() => ({
  ...window.seen,
  fcp: performance.getEntriesByName('first-contentful-paint')[0].startTime,
  files: performance.getEntriesByType('resource').map(({ name, startTime }) => [name, startTime]),
})
"""


def _kilobytes(names: list[str]) -> float:
    """Gzip weight of built files, in kB (1,000 bytes)."""
    built = [ASSETS / name for name in names]
    return sum(map(_weight, built)) / 1000


def _weight(path: Path) -> int:
    packed = path.with_name(f"{path.name}.gz")
    # What is too small to be worth packing is served as it is.
    return (packed if packed.exists() else path).stat().st_size


async def _loaded(page: Page, path: str) -> dict[str, Any]:
    """What the page saw of its own loading on a slow phone, when all is there."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", SLOW)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_CPU})
    await page.goto(path)
    await page.get_by_role("textbox", name="Message", exact=True).wait_for()
    await page.wait_for_load_state("networkidle")
    found: dict[str, Any] = await page.evaluate(_RESULT)
    return found


async def _visit(browser: Browser, site: Site, conversation: str) -> dict[str, Any]:
    context = await site.context(browser, viewport={"width": 412, "height": 823}, is_mobile=True)
    await context.add_init_script(_OBSERVE)
    try:
        return await _loaded(await context.new_page(), f"/chat/{conversation}")
    finally:
        await context.close()


async def measure(browser: Browser, site: Site) -> list[Figure]:
    """An empty chat, as the first visit finds it, and a thread; each with nothing cached."""
    found = await _visit(browser, site, await site.conversation())
    long = await site.conversation()
    await site.clerk("fill", conversation_id=long, turns=10, words=60)
    thread = await _visit(browser, site, long)
    manifest = json.loads((ASSETS / "manifest.json").read_text())
    entry = manifest["src/main.ts"]
    app = (manifest["src/start.tsx"], manifest["src/components/Thread.tsx"])
    first, later = _scripts(manifest, entry), _scripts(manifest, *app)
    styles = entry.get("css", [])
    before_read = [name for name, started in thread["files"] if started < thread["read"]]
    before = [name for name, started in found["files"] if started < found["lcp"]]
    return [
        Figure("JavaScript before the first paint, gzip", _kilobytes(first), "kB", 100),
        Figure("JavaScript until one can write, gzip", _kilobytes(later), "kB"),
        Figure("style sheets, gzip", _kilobytes(styles), "kB", 12),
        Figure("requests begun before the largest paint, with the page", 1 + len(before), "", 6),
        Figure("first contentful paint, slow phone", found["fcp"] / 1000, "s"),
        Figure("largest contentful paint, slow phone", found["lcp"] / 1000, "s", 1.8),
        Figure("layout shift (CLS), slow phone", round(found["shifts"], 4), "", 0.02),
        Figure("until one can write, slow phone", found["writable"] / 1000, "s"),
        # The server has drawn it: that is the first paint, unless the outline of a thread was.
        Figure("a thread of 20 messages can be read, slow phone", thread["read"] / 1000, "s", 1.8),
        Figure("requests begun before that, with the page", 1 + len(before_read), "", 6),
        Figure(
            "largest paint of a thread of 20 messages, slow phone", thread["lcp"] / 1000, "s", 1.8
        ),
        Figure("until one can write in it, slow phone", thread["writable"] / 1000, "s"),
    ]


def _scripts(manifest: dict[str, Any], *entries: dict[str, Any]) -> list[str]:
    """The files of chunks, and of what they import before they run."""
    found: list[str] = []
    for entry in entries:
        imported = [manifest[name] for name in entry.get("imports", [])]
        found += [entry["file"], *_scripts(manifest, *imported)]
    return list(dict.fromkeys(found))
