"""What the page says of its connection, in words."""

from playwright.async_api import expect

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Visit
from tests.harness.proxy import Proxy


async def test_a_socket_is_told_from_the_settings(visit: Visit):
    """That replies come as they are written, since when, and when the server was last heard."""
    chat = await visit.chat()
    await chat.open_settings()
    await chat.page.get_by_role("button", name="Details", exact=True).click()
    await expect(chat.connection).to_contain_text("Connected over a WebSocket")
    await expect(chat.connection).to_contain_text("Since")
    await expect(chat.connection).to_contain_text("ago")
    await expect(chat.connection).to_contain_text("It’s sent right away")
    await expect(chat.connection.get_by_role("button", name="Try again now")).to_have_count(0)
    await chat.page.keyboard.press("Escape")
    await expect(chat.connection).to_have_count(0)
    await expect(chat.page.get_by_role("button", name="Details", exact=True)).to_be_focused()


async def test_rest_is_told_with_its_reason(visit: Visit, proxy: Proxy):
    """From the note; another try brings the socket back when there is one again."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    proxy.no_sockets = True
    chat = await visit.chat(port=proxy.port)
    note = chat.note("Limited connection: replies appear all at once")
    await note.get_by_role("button", name="Details").click()
    await expect(chat.connection).to_contain_text("Connected over REST")
    await expect(chat.connection).to_contain_text("refused the WebSocket")
    await expect(chat.connection).to_contain_text("the reply appears once it’s complete")
    proxy.no_sockets = False
    await chat.connection.get_by_role("button", name="Try again now").click()
    await expect(chat.connection).to_contain_text("Connected over a WebSocket")


async def test_without_a_network(visit: Visit):
    """What happens to a message that is sent now."""
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await visit.chat()
    await chat.page.context.set_offline(True)
    await chat.note("You’re offline.").get_by_role("button", name="Details").click()
    await expect(chat.connection).to_contain_text("This device is offline.")
    await expect(chat.connection).to_contain_text("sent once you’re back online")
