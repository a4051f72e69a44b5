"""The page as an installed application: its manifest, and a service worker that keeps nothing but
files that are the same for everybody."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Page, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.test_session import sign_in
from tests.harness.clerk import ROOT

PASSWORD = "correct horse 7"
HASHED = re.compile(r"/static/chat/assets/.+-[\w-]{8}\.\w+")
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys()) found.push([name, request.url]);
  return found;
}"""
SCRIPTS = """async () => (await navigator.serviceWorker.getRegistrations())
  .map(({active, waiting, installing}) => (active ?? waiting ?? installing).scriptURL)
  .map((address) => new URL(address).pathname)
"""
CONTROLLED = "() => navigator.serviceWorker.controller?.state === 'activated'"


async def controlled(page: Page) -> None:
    """Wait until a worker has this page."""
    await page.wait_for_function(CONTROLLED)


async def kept(page: Page) -> dict[str, str]:
    """The paths of what is in Cache Storage, with the name of their cache."""
    return {urlsplit(url).path: name for name, url in await page.evaluate(KEPT)}


async def has_kept(page: Page, path: str) -> None:
    """Wait until a file is kept."""
    await page.wait_for_function("async (path) => Boolean(await caches.match(path))", arg=path)


async def with_worker(visit: Visit, **options: Any) -> BrowserContext:
    return await visit.context(service_workers="allow", **options)


async def test_it_can_be_installed(visit: Visit):
    """As Chromium decides it; in the language of the person, and with icons of their size."""
    context = await with_worker(visit, locale="ar")
    page = await context.new_page()
    await page.goto(f"/chat/{await visit.conversation(model='normal')}")
    await controlled(page)
    browser = await context.new_cdp_session(page)
    errors = (await browser.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    # Nothing is installed from a profile like that of a test.
    assert {error["errorId"] for error in errors} <= {"in-incognito"}
    found = await browser.send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"].endswith("/manifest.webmanifest")
    manifest = await page.evaluate(
        "async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json()"
    )
    assert (manifest["start_url"], manifest["scope"]) == ("/chat", "/")
    assert (manifest["lang"], manifest["dir"]) == ("ar", "rtl")
    assert {icon.get("purpose", "any") for icon in manifest["icons"]} == {"any", "maskable"}
    touch = await page.locator("link[rel=apple-touch-icon]").get_attribute("href")
    for src, size in [(i["src"], i["sizes"]) for i in manifest["icons"]] + [(touch, "180x180")]:
        drawn = await page.evaluate(
            """async (src) => { const image = new Image(); image.src = src; await image.decode();
               return `${image.naturalWidth}x${image.naturalHeight}`; }""",
            src,
        )
        assert drawn == size, src


async def test_the_bars_of_the_browser_have_the_colour_of_the_theme(visit: Visit):
    chat = await visit.chat(model="normal", color_scheme="light")
    await expect(bars(chat.page)).to_have_attribute("content", "#f8fcfb")
    await chat.page.emulate_media(color_scheme="dark")
    await coloured(chat.page, "#0c1415")
    await chat.page.get_by_role("button", name="Theme").click()
    await chat.page.get_by_role("menuitemradio", name="Light").click()
    await coloured(chat.page, "#f8fcfb")
    await chat.page.reload()
    await coloured(chat.page, "#f8fcfb")


def bars(page: Page) -> Any:
    return page.locator("meta[name=theme-color]").first


async def coloured(page: Page, colour: str) -> None:
    """Wait until the browser takes this colour: that of the first that matches."""
    await page.wait_for_function(
        """(colour) => [...document.querySelectorAll('meta[name=theme-color]')]
            .find(({media}) => matchMedia(media).matches)?.content === colour""",
        arg=colour,
    )


async def test_nothing_but_hashed_files_is_kept_and_signing_out_leaves_nothing(visit: Visit):
    visit.person = await visit.place.person(password=PASSWORD)
    context = await with_worker(visit, signed_in=False)
    chat = ChatPage(await context.new_page())
    here = f"/chat/{await visit.conversation(model='normal')}"
    await chat.page.goto(here)
    await sign_in(visit, chat)
    await controlled(chat.page)
    # A walk: a reply, a reload, another page, a part that comes later.
    await chat.ask("Before")
    await chat.page.reload()
    await expect(chat.questions).to_contain_text("Before")
    await chat.page.goto("/profile")
    await chat.page.goto(here)
    await expect(chat.questions).to_contain_text("Before")
    await chat.page.keyboard.press("ControlOrMeta+k")
    await expect(chat.page.get_by_role("dialog")).to_be_visible()
    await chat.page.keyboard.press("Escape")
    paths = await kept(chat.page)
    assert len(paths) > 5
    assert [path for path in paths if not HASHED.fullmatch(path)] == []
    # What is kept is not asked for again, also where the other cache of the browser is off.
    session = await context.new_cdp_session(chat.page)
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    asked: list[str] = []
    context.on(
        "request", lambda r: asked.append(urlsplit(r.url).path) if r.service_worker else None
    )
    await chat.page.reload()
    await expect(chat.questions).to_contain_text("Before")
    assert [path for path in asked if path in paths] == []
    await chat.page.goto("/")
    await chat.page.get_by_role("button", name="Sign out").click()
    await chat.page.wait_for_url("**/signin/?signed-out")
    await chat.page.wait_for_function(
        "async () => !(await navigator.serviceWorker.getRegistrations()).length"
    )
    assert await kept(chat.page) == {}


async def test_a_new_version_takes_over_and_a_stale_worker_goes(visit: Visit):
    """In the open page, without a reload. What a page of the version before may still ask for
    stays, what is older goes, and so does a worker that an earlier release had elsewhere."""
    context = await with_worker(visit)
    page = await context.new_page()
    await page.goto("/signin/")
    built = json.loads((ROOT / "web" / "dist" / "manifest.json").read_text())
    await register(page, f"/static/chat/{built['worker/worker.ts']['file']}")
    chat = await visit.chat(model="normal", context=context)
    await controlled(chat.page)
    await chat.page.wait_for_function(f"async () => (await ({SCRIPTS})()).join() === '/worker.js'")
    await page.evaluate("async () => { for (const b of 'ab') await caches.open(`assets-${b}`); }")
    before = await chat.page.evaluate_handle("() => navigator.serviceWorker.controller")
    # To the browser another script, as that of the next build is.
    await register(page, "/worker.js?next")
    await chat.page.wait_for_function(
        "(before) => navigator.serviceWorker.controller !== before", arg=before
    )
    await controlled(chat.page)
    await chat.ask("Goes on")
    await chat.page.reload()
    await expect(chat.questions).to_contain_text("Goes on")
    names = set(await chat.page.evaluate("() => caches.keys()"))
    assert "assets-a" not in names
    assert "assets-b" in names
    assert len(names) == 2, names


async def register(page: Page, address: str) -> None:
    """Have a page outside of the chat register a worker."""
    await page.evaluate(
        """async (address) => {
          const rules = {createScriptURL: (path) => path};
          window.policy ??= trustedTypes.createPolicy('worker', rules);
          await navigator.serviceWorker.register(window.policy.createScriptURL(address));
        }""",
        address,
    )


async def test_the_worker_is_answered_as_one(visit: Visit):
    """Fresh, of its type, with a policy under which it reaches this server alone, and whole."""
    answer = await visit.person.page.http.get("/worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "no-cache" in answer.headers["cache-control"]
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; connect-src 'self'"
    assert not re.search(r"\b(?:import|export)\b", answer.text)
    assert (ROOT / "web" / "worker" / "worker.ts").is_file()
