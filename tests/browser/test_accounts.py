"""The pages that Django renders: the first owner, signing in and out, Welcome."""

import re
from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from tests.browser.browser import Visit, answered
from tests.browser.starts import printed_link
from tests.harness.place import Person
from tests.harness.server import ChatServer

PASSWORD = "correct horse 7"


@pytest.fixture
def empty_server(own_server: Callable[..., ChatServer]) -> ChatServer:
    """A server on which nobody has an account."""
    server = own_server("daphne")
    server.start()
    return server


async def create_owner(page: Page, name: str, password: str, again: str) -> None:
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_label("Confirm password").fill(again)
    await page.get_by_role("button", name="Create account").click()


async def sign_in(page: Page, name: str, password: str) -> None:
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def member(visit: Visit) -> Person:
    """An account with a password."""
    return await visit.place.person(password=PASSWORD)


async def test_the_printed_link_makes_the_first_owner(empty_server: ChatServer, visit: Visit):
    """And signs in; before that every page says what to do, after it the link is of no use."""
    page = await visit.page(empty_server.url, signed_in=False)
    await expect(page.get_by_role("heading", name="Almost there")).to_be_visible()
    await page.goto(printed_link(empty_server))
    await create_owner(page, "ada", PASSWORD, PASSWORD)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello, ada.")

    stranger = await visit.page(printed_link(empty_server), signed_in=False)
    await expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_the_set_up_form_says_what_is_wrong(empty_server: ChatServer, visit: Visit):
    """At the field, and nobody is created."""
    visit.watch.allow(answered(400))
    page = await visit.page(printed_link(empty_server), signed_in=False)
    await create_owner(page, "ada", PASSWORD, "another")
    field = page.get_by_label("Confirm password")
    await expect(field).to_have_accessible_description("The passwords do not match.")
    await expect(page.get_by_label("Username")).to_have_value("ada")
    assert empty_server.clerk("count", model="User") == 0


@pytest.mark.parametrize("path", ["/", "/chat", "a conversation"])
async def test_signing_in_leads_back(visit: Visit, path: str):
    """Signed out, any page leads to sign-in, and sign-in to where one wanted to go."""
    person = await member(visit)
    if path == "a conversation":
        path = f"/chat/{await person.conversation()}"
    page = await visit.page(path, signed_in=False)
    await expect(page).to_have_url(re.compile("/signin/"))
    await sign_in(page, person.name, PASSWORD)
    await expect(page).to_have_url(re.compile(f"{path}(?:/[0-9a-f-]+)?$"))


async def test_a_wrong_password_says_so(visit: Visit):
    """The name stays, and the right one leads on to where one wanted to go."""
    person = await member(visit)
    page = await visit.page("/chat", signed_in=False)
    await sign_in(page, person.name, "wrong horse 7")
    await expect(page.get_by_role("alert")).to_contain_text("correct")
    await expect(page.get_by_label("Username")).to_have_value(person.name)
    await sign_in(page, person.name, PASSWORD)
    await expect(page).to_have_url(re.compile("/chat"))


async def test_signing_out(visit: Visit):
    """Leads to sign-in, and back on Welcome one is asked again."""
    page = await visit.page("/")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto("/")
    await expect(page).to_have_url(re.compile(r"/signin/\?next=/$"))


async def test_welcome_leads_to_the_chat(visit: Visit):
    """By its one primary button."""
    page = await visit.page("/")
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await page.get_by_role("main").get_by_role("link", name="Chat Playground").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()


async def test_welcome_works_without_javascript(visit: Visit):
    """Signing in does too, and the chat says what it needs."""
    person = await member(visit)
    page = await visit.page("/", signed_in=False, java_script_enabled=False)
    await sign_in(page, person.name, PASSWORD)
    await expect(page.get_by_role("heading", level=1)).to_contain_text(f"Hello, {person.name}.")
    await page.get_by_role("main").get_by_role("link", name="Chat Playground").click()
    await expect(page).to_have_url(re.compile("/chat$"))
    # Chromium does not lay it out when it is a tool that has switched scripts off.
    assert "Chat needs JavaScript." in await page.content()


async def test_welcome_lists_what_was_said(visit: Visit):
    """Newest first, by title, and without conversations in which nothing was said."""
    for words in ("First thing", "Second thing"):
        await visit.person.rest.generate(await visit.conversation(), words)
    await visit.conversation()
    page = await visit.page("/")
    links = page.get_by_role("region", name="Recent chats").get_by_role("link")
    await expect(links).to_have_text([re.compile("Second thing"), re.compile("First thing")])
    await links.last.click()
    await expect(page.get_by_role("article", name="You")).to_contain_text("First thing")


async def test_a_page_that_is_not_there(visit: Visit):
    """Is one of ours, with a way on."""
    visit.watch.allow(answered(404))
    page = await visit.page("/nowhere")
    await expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    await page.get_by_role("link", name="Go to home").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


async def test_a_page_that_one_may_not_open(visit: Visit):
    """The admin's, too, says so in our look, and sends nobody around in a circle."""
    visit.watch.allow(answered(403))
    page = await visit.page("/admin/")
    await expect(page.get_by_role("heading", name="You can’t open this page")).to_be_visible()
    staff = await visit.place.person(staff=True)
    refused = await staff.page.get("/admin/conversations/conversation/add/")
    assert refused.status_code == 403
    assert "You can’t open this page" in refused.text
    await page.get_by_role("link", name="Go to home").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


async def test_the_page_is_in_the_persons_language(visit: Visit):
    """As the browser wants, from the right in Arabic; then as chosen. Errors, too."""
    chat_id = await visit.conversation(model="echo")
    page = await visit.page(f"/chat/{chat_id}", locale="ar")
    await page.get_by_role("textbox", name="الرسالة").fill("نعم")
    await page.get_by_role("button", name="إرسال", exact=True).click()
    await expect(page.get_by_role("article", name="المساعد")).to_contain_text("نعم")
    assert await page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    sidebar = await page.get_by_role("navigation", name="المحادثات").bounding_box()
    composer = await page.get_by_role("textbox", name="الرسالة").bounding_box()
    assert sidebar
    assert composer
    assert sidebar["x"] > composer["x"]
    await page.goto("/profile")
    await page.get_by_role("button", name="Deutsch").click()
    await expect(page.get_by_role("heading", name="Eigene Anweisungen")).to_be_visible()
    await page.goto(f"/chat/{chat_id}")
    await expect(page.get_by_role("textbox", name="Nachricht", exact=True)).to_be_visible()
    await expect(page.get_by_role("article", name="Assistent")).to_be_visible()
