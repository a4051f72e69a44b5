"""What the page does after so many seconds, by a clock that these tests turn."""

from playwright.async_api import expect

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Visit
from tests.browser.page import ChatPage
from tests.browser.sidebar import Sidebar
from tests.harness.proxy import Proxy


async def clocked(visit: Visit, **options) -> ChatPage:
    context = await visit.context(**options)
    await context.clock.install()
    return await visit.chat(context=context)


async def test_a_short_gap_is_nobodys_business(visit: Visit, proxy: Proxy):
    """A lost socket is told of after a second, and no longer than it is lost."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await clocked(visit, port=proxy.port)
    settings = await chat.open_settings()
    await expect(settings.transport).to_have_text("WebSocket")
    clock = chat.page.context.clock
    await chat.pause_clock()
    proxy.blocked = True
    proxy.cut()
    await expect(settings.transport).not_to_have_text("WebSocket")
    await clock.run_for(200)
    await expect(chat.note("Reconnecting…")).to_have_count(0)
    await clock.run_for(1000)
    await expect(chat.note("Reconnecting…")).to_be_visible()
    proxy.blocked = False
    await clock.resume()
    await expect(settings.transport).to_have_text("WebSocket")
    await expect(chat.note("Reconnecting…")).to_have_count(0)


async def test_a_toast_waits_for_its_reader(visit: Visit):
    """It stays five seconds at least and eight at most, and as long as one points at it or is
    in it by keyboard."""
    await visit.person.rest.new_conversation(title="Other")
    chat = await clocked(visit)
    sidebar = Sidebar(chat.page)
    await sidebar.row("Other").hover()
    await sidebar.nav.get_by_role("button", name="Actions for Other").click()
    clock = chat.page.context.clock
    await chat.pause_clock()
    await chat.page.get_by_role("menuitem", name="Delete", exact=True).click()
    await expect(sidebar.undo).to_be_visible()
    await clock.fast_forward(4000)
    await expect(sidebar.undo).to_be_visible()
    await sidebar.undo.hover()
    await clock.fast_forward(20_000)
    await expect(sidebar.undo).to_be_visible()
    await sidebar.undo.focus()
    await chat.page.mouse.move(640, 300)
    await clock.fast_forward(20_000)
    await expect(sidebar.undo).to_be_visible()
    await chat.composer.focus()
    await clock.fast_forward(8500)
    await expect(sidebar.undo).to_have_count(0)
