"""For eyes that need colours of their own, larger letters, or another direction; and for thumbs."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.samples import ANSWER
from tests.browser.sidebar import Sidebar

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# 1280 × 800 at twice the size.
ZOOMED = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}

# The contrast of two colours, in whatever way the style sheet names them.
_CONTRAST = """
const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
const channels = (color, below) => {
  canvas.fillStyle = below ?? '#fff';
  canvas.fillRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const light = (rgb) => rgb
  .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (one, other) => {
  const [low, high] = [light(channels(one)), light(channels(other))].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if (!/, 0\\)|\\/ 0\\)|transparent/.test(color)) return color;
  }
  return '#fff';
};
"""

_RING = f"""
(element) => {{
  {_CONTRAST}
  const {{ outlineColor, outlineWidth }} = getComputedStyle(element);
  return [parseFloat(outlineWidth), contrast(outlineColor, behind(element.parentElement))];
}}
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_focus_can_be_seen(visit: Visit, theme: str):
    """A ring of two pixels, with a contrast of three at least."""
    chat = await visit.chat(color_scheme=theme)
    seen = 0
    await chat.page.keyboard.press("Escape")
    for _ in range(25):
        await chat.page.keyboard.press("Tab")
        focused = chat.page.locator(":focus:not(textarea, select, input, body)")
        if await focused.count() == 0:
            continue
        name = await focused.evaluate("e => e.ariaLabel ?? e.textContent")
        width, contrast = await focused.evaluate(_RING)
        assert width >= 2, name
        assert contrast >= 3, (name, contrast)
        seen += 1
    assert seen > 10


# What of a page cannot be told from its background: controls without a text, an icon or a border
# that stands out.
_UNSEEN = f"""
() => {{
  {_CONTRAST}
  const unseen = [];
  const controls = 'button, a[href], input, select, textarea, summary, [role=option]';
  for (const one of document.querySelectorAll(controls)) {{
    if (!one.checkVisibility({{ opacityProperty: true, visibilityProperty: true }})) continue;
    const style = getComputedStyle(one);
    const ground = behind(one.parentElement ?? one);
    const inked = one.querySelector('svg') ?? one;
    const ink = contrast(getComputedStyle(inked).color, behind(one)) >= 3;
    const edge = contrast(style.borderTopColor, ground);
    const border = parseFloat(style.borderTopWidth) >= 1 && edge >= 3;
    const native = style.appearance !== 'none' && one.matches('input[type=range]');
    if (!ink && !border && !native) unseen.push(one.ariaLabel ?? one.outerHTML.slice(0, 120));
  }}
  return unseen;
}}
"""


async def test_forced_colours_keep_every_control(visit: Visit):
    """Each has a text, an icon or an edge that stands out."""
    visit.ollama.text = ANSWER
    chat = await visit.chat(model="said", forced_colors="active")
    await chat.ask()
    assert await chat.page.evaluate("matchMedia('(forced-colors: active)').matches")
    settings = await chat.open_settings(advanced=True)
    await expect(settings.model).to_be_visible()
    assert await chat.page.evaluate(_UNSEEN) == []
    # The field, and the buttons that are only a colour otherwise, have an edge.
    for control in (chat.composer.locator("../.."), chat.send_button, settings.reset):
        assert await _edge(control) >= 1


async def _edge(control: Locator) -> float:
    return float(await control.evaluate("e => parseFloat(getComputedStyle(e).borderTopWidth)"))


_SIDEWAYS = """
() => [document.scrollingElement, document.querySelector('[role=log]'),
       document.querySelector('nav[aria-label=Chats], dialog[open]')]
  .filter((e) => e && e.scrollWidth > e.clientWidth + 1).map((e) => e.outerHTML.slice(0, 80))
"""


async def test_twice_the_size_loses_nothing(visit: Visit):
    """With the list of chats open and without: no scrolling sideways, the field stays in view."""
    visit.ollama.text = ANSWER
    chat = await visit.chat(model="said", **ZOOMED)
    await chat.ask()
    await expect(chat.reply.get_by_role("group", name="Code, python")).to_be_visible()
    sidebar = Sidebar(chat.page)
    for control in (chat.composer, chat.title, chat.settings_button, sidebar.toggle):
        await expect(control).to_be_in_viewport(ratio=1)
    assert await chat.page.evaluate(_SIDEWAYS) == []
    await sidebar.toggle.click()
    await expect(sidebar.rows.first).to_be_in_viewport()
    await sidebar.account.scroll_into_view_if_needed()
    for control in (sidebar.new_chat, sidebar.search, sidebar.account):
        await control.scroll_into_view_if_needed()
        await expect(control).to_be_in_viewport(ratio=0.99)
    assert await chat.page.evaluate(_SIDEWAYS) == []


# Controls that a thumb finds too small: less than 44 pixels either way. Links inside text are
# text; a control's label is part of it.
_SMALL = """
() => [...document.querySelectorAll('button, a[href], select, summary, input, [role=menuitem]')]
  .filter((e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
  .filter((e) => !e.closest('.prose, p, .sr-only'))
  .filter((e) => !e.matches('.skip-link, [tabindex="-1"]'))
  .map((e) => [e.ariaLabel || e.textContent.trim() || e.id, e.closest('label') ?? e])
  .map(([name, e]) => [name, e.getBoundingClientRect()])
  .filter(([, box]) => box.height < 43.5 || box.width < 43.5)
  .map(([name, box]) => `${name}: ${Math.round(box.width)} × ${Math.round(box.height)}`)
"""


async def test_thumbs_find_every_control(visit: Visit):
    """44 pixels each way: in the thread, the settings, the list of chats, Welcome, the profile,
    the people."""
    visit.ollama.text = ANSWER
    chat = await visit.chat(model="said", **PHONE)
    sidebar = Sidebar(chat.page)
    await chat.ask()
    assert await chat.page.evaluate(_SMALL) == []
    settings = await chat.open_settings(advanced=True)
    await expect(settings.model).to_be_visible()
    assert await chat.page.evaluate(_SMALL) == []
    await settings.close.click()
    await sidebar.toggle.tap()
    await expect(sidebar.rows.first).to_be_visible()
    assert await chat.page.evaluate(_SMALL) == []
    await visit.place.clerk("allow", model="User", row_id=visit.person.id, is_staff=True)
    for address in (
        "/",
        "/profile",
        "/people",
        "/connections",
        "/connections/add",
        "/models",
        "/tools",
    ):
        await chat.page.goto(address)
        await expect(chat.heading).to_be_visible()
        assert await chat.page.evaluate(_SMALL) == []


async def test_the_field_stays_above_the_keyboard(visit: Visit):
    """Which takes its part of the page, as the page asks for; and above what a phone draws over
    its lower edge."""
    chat = await visit.chat(**PHONE)
    meta = chat.page.locator("meta[name=viewport]")
    await expect(meta).to_have_attribute(
        "content", re.compile("interactive-widget=resizes-content")
    )
    await chat.page.set_viewport_size({"width": 390, "height": 420})
    await expect(chat.composer).to_be_in_viewport(ratio=1)
    await expect(chat.send_button).to_be_in_viewport(ratio=1)
    before = await chat.composer.bounding_box()
    device = await chat.page.context.new_cdp_session(chat.page)
    insets = {"top": 20, "bottom": 34}
    await device.send("Emulation.setSafeAreaInsetsOverride", {"insets": insets})
    assert before
    await chat.page.wait_for_function(
        "y => y - document.getElementById('composer').getBoundingClientRect().top >= 20",
        arg=before["y"],
    )
    await expect(chat.composer).to_be_in_viewport(ratio=1)
    header = chat.page.get_by_role("banner").get_by_role("button").first
    box = await header.bounding_box()
    assert box
    assert box["y"] >= 20


async def test_each_text_has_its_own_direction(visit: Visit):
    """What is written from right to left stands so, beside what is not."""
    chat = await visit.chat(model="echo")
    direction = "e => getComputedStyle(e).direction"
    for text, way in (("مرحبا، كيف حالك؟", "rtl"), ("And now in English", "ltr")):
        await chat.ask(text)
        for article in (chat.questions.last, chat.reply):
            assert await chat.paragraph(article).evaluate(direction) == way
    await chat.ask("- بند\n- item")
    beside = "e => { const text = document.createRange(); text.selectNodeContents(e); \
return e.getBoundingClientRect().right - text.getBoundingClientRect().right; }"
    items = chat.reply.get_by_role("listitem")
    await expect(items).to_have_count(2)
    for item in await items.all():
        assert abs(await item.evaluate(beside)) < 1  # its bullet is at the right, too
    await chat.composer.fill("שלום")
    assert await chat.composer.evaluate(direction) == "rtl"


async def test_numbers_are_those_of_the_reader(visit: Visit):
    """One from South Africa has spaces where others who read English have commas."""
    chat = await visit.chat(locale="en-ZA")
    settings = await chat.open_settings(advanced=True)
    await expect(settings.model).to_have_accessible_description(re.compile(r"8\s192-token context"))


async def test_landmarks_lead_through_the_page(visit: Visit):
    """One main part, a banner, the list of chats, and the settings beside it."""
    chat: ChatPage = await visit.chat()
    await chat.open_settings()
    for role in ("main", "banner"):
        await expect(chat.page.get_by_role(role)).to_have_count(1)  # type: ignore[arg-type]
    await expect(chat.page.get_by_role("navigation", name="Chats")).to_be_visible()
    await expect(chat.page.get_by_role("complementary", name="Run settings")).to_be_visible()
    await expect(chat.page.get_by_role("heading", level=1)).to_have_count(1)


STAFF_PAGES = ("/people", "/models", "/tools", "/tools/add", "/connections", "/connections/add")
# How far the links at the top reach beyond the column, and the page beyond the window.
TOO_WIDE = """() => {
  const column = document.querySelector('main').getBoundingClientRect();
  const links = document.querySelector('header nav').getBoundingClientRect();
  const root = document.documentElement;
  const beside = Math.max(links.right - column.right, column.left - links.left);
  return Math.max(beside, root.scrollWidth - innerWidth);
}"""


async def test_the_links_of_staff_have_room(visit: Visit):
    """In a language with long words, too, on a phone and on a wide screen."""
    await visit.place.clerk("allow", model="User", row_id=visit.person.id, is_staff=True)
    page = await visit.page(locale="de")
    for width in (390, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        for path in STAFF_PAGES:
            await page.goto(path)
            assert await page.evaluate(TOO_WIDE) < 1, (path, width)
