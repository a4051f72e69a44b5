"""The conversations as a drawer on a phone, under the finger, and the toasts above it."""

import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.sidebar import PHONE, Sidebar, three


async def test_a_drawer_on_a_phone(visit: Visit):
    """Closed at first; it keeps the focus, and goes when one has chosen."""
    chat, sidebar, _ = await three(visit, **PHONE)
    await expect(sidebar.nav).to_have_count(0)
    await sidebar.toggle.tap()
    await expect(sidebar.drawer).to_be_visible()
    await chat.page.keyboard.press("Escape")
    await expect(sidebar.drawer).to_have_count(0)
    await expect(sidebar.toggle).to_be_focused()
    await sidebar.toggle.tap()
    await sidebar.row("Third").tap()
    await expect(sidebar.drawer).to_have_count(0)
    await expect(chat.heading).to_have_text("Third")


async def test_deleting_in_the_drawer_can_be_undone(visit: Visit):
    """What is said about it is inside: all the rest cannot be reached."""
    _, sidebar, _ = await three(visit, **PHONE)
    await sidebar.toggle.tap()
    await sidebar.choose("Second", "Delete")
    await sidebar.titles("Third", "First")
    await sidebar.undo.tap()
    await sidebar.titles("Third", "Second", "First")


class Finger:
    """One finger on the screen, 300 pixels from the top."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    async def _tell(self, kind: str, *points: dict[str, float]) -> None:
        event = {"type": kind, "touchPoints": list(points)}
        await self._session.send("Input.dispatchTouchEvent", event)

    async def down(self, x: float) -> None:
        await self._tell("touchStart", {"x": x, "y": 300})

    async def to(self, x: float, y: float = 300) -> None:
        await self._tell("touchMove", {"x": x, "y": y})

    async def up(self) -> None:
        await self._tell("touchEnd")


async def ends_at(page: Page, x: int) -> None:
    """Wait until the drawer's edge is there, in pixels."""
    await page.wait_for_function(
        """(x) => {
          const drawer = document.querySelector('dialog.drawer');
          return Math.abs(drawer.getBoundingClientRect().right - x) <= 2;
        }""",
        arg=x,
    )


# The least that was to be seen of the drawer in any frame of half a second.
_LEAST = """
() => new Promise((resolve) => {
  let least = Infinity;
  const end = performance.now() + 500;
  const look = (now) => {
    const drawer = document.querySelector('dialog.drawer');
    least = Math.min(least, drawer?.getBoundingClientRect().right ?? 0);
    now < end ? requestAnimationFrame(look) : resolve(least);
  };
  requestAnimationFrame(look);
})
"""


async def test_a_drawer_that_was_pulled_out_stays(visit: Visit):
    """It does not slide in a second time."""
    chat, _, _ = await three(visit, **PHONE)
    finger = Finger(await chat.page.context.new_cdp_session(chat.page))
    await finger.down(10)
    await finger.to(30)
    await finger.to(300)
    await finger.up()
    await ends_at(chat.page, 320)
    assert await chat.page.evaluate(_LEAST) >= 318


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
async def test_the_drawer_follows_the_finger(visit: Visit, motion: str):
    """From the edge, and back; one in the middle does nothing, and neither does a scroll."""
    chat, sidebar, _ = await three(visit, reduced_motion=motion, **PHONE)
    finger = Finger(await chat.page.context.new_cdp_session(chat.page))
    for start, x, y in ((150, 300, 300), (10, 14, 420)):
        await finger.down(start)
        await finger.to(x, y)
        await finger.up()
        await expect(sidebar.drawer).to_have_count(0)

    await finger.down(10)
    await finger.to(30)
    await finger.to(110)
    await expect(sidebar.drawer).to_be_visible()
    await ends_at(chat.page, 100)
    await finger.to(60)
    await ends_at(chat.page, 50)
    await finger.to(300)
    await finger.up()
    await ends_at(chat.page, 320)
    await finger.down(250)
    await finger.to(220)
    await finger.to(150)
    await ends_at(chat.page, 220)
    await finger.to(40)
    await finger.up()
    await expect(sidebar.drawer).to_have_count(0)


async def test_a_toast_stays_while_one_is_there(visit: Visit):
    """Under the mouse, and with the focus on it; left alone, it goes."""
    context = await visit.context()
    chat = ChatPage(await context.new_page())
    await chat.page.clock.install()
    await chat.open(await visit.conversation())
    sidebar = Sidebar(chat.page)
    other = await visit.conversation()
    await visit.person.rest.generate(other, "Second")
    await chat.reload()
    await sidebar.choose("Second", "Archive")
    undo = sidebar.undo
    await undo.hover()
    await chat.page.clock.run_for(60_000)
    await expect(undo).to_be_visible()
    await undo.focus()
    await chat.composer.hover()
    await chat.page.clock.run_for(60_000)
    await expect(undo).to_be_visible()
    # The mouse stays when the focus goes.
    await undo.hover()
    await chat.composer.focus()
    await chat.page.clock.run_for(60_000)
    await expect(undo).to_be_visible()
    await chat.composer.hover()
    await chat.page.clock.run_for(8_000)
    await expect(undo).to_have_count(0)
