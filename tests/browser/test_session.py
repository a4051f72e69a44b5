"""A session that ends while a page is open."""

from playwright.async_api import Route, expect

from tests.browser.browser import Visit, answered
from tests.browser.page import ChatPage
from tests.browser.sidebar import Sidebar

PASSWORD = "correct horse 7"


async def signed_in(visit: Visit) -> ChatPage:
    """A conversation of somebody who has a password, opened by signing in."""
    visit.person = await visit.place.person(password=PASSWORD)
    context = await visit.context(signed_in=False)
    chat = ChatPage(await context.new_page())
    await chat.page.goto(f"/chat/{await visit.conversation(model='normal')}")
    await sign_in(visit, chat)
    # All that is asked for with this session has been answered.
    sidebar = Sidebar(chat.page)
    await expect(sidebar.rows).to_have_count(1)
    await expect(sidebar.account).to_contain_text(visit.person.name)
    return chat


async def sign_in(visit: Visit, chat: ChatPage, password: str = PASSWORD) -> None:
    await chat.page.get_by_label("Username").fill(visit.person.name)
    await chat.page.get_by_label("Password").fill(password)
    await chat.page.get_by_role("button", name="Sign in").click()
    await expect(chat.composer).to_be_visible()


async def test_signing_out_elsewhere_is_shown_and_the_draft_kept(visit: Visit):
    """Signing in again happens in its place, and it goes on."""
    chat = await signed_in(visit)
    await chat.ask("Before")
    await chat.composer.fill("Half a thought")
    await visit.end_session(chat.page)
    await expect(chat.note("Your session has expired. Your draft is saved.")).to_be_visible()
    await expect(chat.composer).to_have_value("Half a thought")
    await chat.page.get_by_role("link", name="Sign in again").click()
    dialog = chat.page.get_by_role("dialog", name="Sign in again")
    await expect(dialog.get_by_label("Username")).to_have_value(visit.person.name)
    await sign_in(visit, chat, password="something else")
    await expect(dialog.get_by_role("alert")).to_have_text("Incorrect username or password.")
    await sign_in(visit, chat)
    await expect(dialog).to_have_count(0)
    await expect(chat.note("Your session has expired.")).to_be_hidden()
    await expect(chat.questions).to_contain_text("Before")
    await expect(chat.composer).to_have_value("Half a thought")
    await expect(chat.composer).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await expect(chat.questions.last).to_contain_text("Half a thought")
    await chat.idle()


async def test_what_is_sent_after_the_end_comes_back(visit: Visit):
    """Into the composer: it was not accepted."""
    visit.watch.allow(answered(401))
    chat = await signed_in(visit)
    await visit.end_session(chat.page)
    await expect(chat.note("Your session has expired.")).to_be_visible()
    await chat.send("Too late")
    await expect(chat.alert).to_contain_text("You’re signed out.")
    await expect(chat.composer).to_have_value("Too late")
    await expect(chat.questions).to_have_count(0)


async def test_signing_in_elsewhere_is_enough(visit: Visit):
    """Looked at again, the page goes on by itself."""
    chat = await signed_in(visit)
    await visit.end_session(chat.page)
    await expect(chat.note("Your session has expired.")).to_be_visible()
    other = ChatPage(await chat.page.context.new_page())
    await other.page.goto("/signin/?next=/chat")
    await sign_in(visit, other)
    await other.page.close()
    await chat.page.bring_to_front()
    await chat.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(chat.note("Your session has expired.")).to_be_hidden()
    await chat.ask("Back again")
    await expect(chat.text).to_have_text("Hello from the scripted model.")


async def test_after_signing_out_nothing_is_left_in_the_browser(visit: Visit):
    """In no tab, also where the browser ignores `Clear-Site-Data` (it does over plain HTTP)."""
    chat = await signed_in(visit)
    await chat.ask("Before")
    await chat.composer.fill("Half a thought")
    drafts = "() => Object.keys(localStorage).some((name) => name.startsWith('draft:'))"
    await chat.page.wait_for_function(drafts)
    other = await chat.page.context.new_page()
    await other.route("**/signout/", _without_the_header)
    await other.goto("/")
    await other.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    await expect(chat.page.get_by_role("button", name="Sign in")).to_be_visible()
    stored = "[...Object.keys(localStorage), ...Object.keys(sessionStorage)]"
    for page in (chat.page, other):
        await page.wait_for_function(f"() => {stored}.length === 0")


async def _without_the_header(route: Route) -> None:
    answer = await route.fetch(max_redirects=0)
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "clear-site-data"}
    await route.fulfill(response=answer, headers=headers)
