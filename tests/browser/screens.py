"""Every screen and state of the page: axe looks at them, and pictures are taken of them.

A screen brings the page into its state and returns it; `options` are those of a browser profile.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from playwright.async_api import Page, expect

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Visit, answered
from tests.browser.page import ChatPage
from tests.browser.samples import ANSWER, CODE, DIAGRAM, PROSE, TABLE

Options = dict[str, Any]
Screen = Callable[[Visit, Options], Awaitable[Page]]
SCREENS: dict[str, Screen] = {}
# The kind of server that a screen needs, where it is not the usual one.
VARIANTS = {"fallback": "fallback"}


def screen(function: Screen) -> Screen:
    SCREENS[function.__name__] = function
    return function


QUESTION = "Explain how a hash table works to someone who only knows arrays."


async def explained(visit: Visit, options: Options) -> ChatPage:
    """A conversation with one reply of a few paragraphs."""
    visit.ollama.text = PROSE
    chat = await visit.chat(model="said", **options)
    await chat.ask(QUESTION)
    await laid_out(chat, "strong")
    return chat


async def laid_out(chat: ChatPage, role: Any) -> None:
    """Wait until the reply is more than plain text."""
    await expect(chat.reply.get_by_role(role).first).to_be_visible()


@screen
async def welcome(visit: Visit, options: Options) -> Page:
    for said in ("Explain how a hash table works", "Compare SQLite and PostgreSQL for us", "سلام"):
        await visit.person.rest.generate(await visit.conversation(), said)
    return await visit.page("/", **options)


@screen
async def welcome_first_time(visit: Visit, options: Options) -> Page:
    return await visit.page("/", **options)


@screen
async def sign_in(visit: Visit, options: Options) -> Page:
    return await visit.page("/signin/", signed_in=False, **options)


@screen
async def sign_in_refused(visit: Visit, options: Options) -> Page:
    page = await visit.page("/signin/", signed_in=False, **options)
    await page.get_by_label("Username").fill("nobody")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    return page


@screen
async def not_found(visit: Visit, options: Options) -> Page:
    visit.watch.allow(answered(404))
    return await visit.page("/nowhere", **options)


@screen
async def diagram(visit: Visit, options: Options) -> Page:
    visit.ollama.text = DIAGRAM
    chat = await visit.chat(model="said", **options)
    await chat.ask("Draw me how a hash table finds a name.")
    picture = chat.reply.frame_locator("iframe[title=Diagram]").locator("svg")
    await expect(picture).to_be_visible()
    return chat.page


@screen
async def connection(visit: Visit, options: Options) -> Page:
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await explained(visit, options)
    await chat.page.context.set_offline(True)
    await chat.note("You’re offline.").get_by_role("button", name="Details").click()
    await expect(chat.connection).to_contain_text("offline")
    return chat.page


@screen
async def signing_in_again(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    await visit.end_session(chat.page)
    await chat.page.get_by_role("link", name="Sign in again").click()
    await expect(chat.page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    return chat.page


@screen
async def waiting_messages(visit: Visit, options: Options) -> Page:
    visit.ollama.text = PROSE
    chat = await visit.chat(model="halfway", **options)
    await chat.send(QUESTION)
    await laid_out(chat, "strong")
    for text in (
        "And how does it grow?",
        "Show me that in Python, with a table of the costs",
    ):
        await chat.send(text)
    await expect(chat.queued).to_have_count(2)
    await chat.composer.fill("What about deletion?")
    return chat.page


@screen
async def empty(visit: Visit, options: Options) -> Page:
    return (await visit.chat(**options)).page


@screen
async def loading(visit: Visit, options: Options) -> Page:
    page = await visit.page(**options)
    await visit.hold(page, "**/api/**")
    await page.goto(f"/chat/{uuid4()}")  # one that is there comes with its page
    await expect(page.get_by_text("Loading chat")).to_have_count(1)
    return page


@screen
async def missing(visit: Visit, options: Options) -> Page:
    visit.watch.allow(answered(404))
    page = await visit.page(f"/chat/{uuid4()}", **options)
    await expect(page.get_by_role("button", name="Start a new chat")).to_be_visible()
    return page


@screen
async def waiting(visit: Visit, options: Options) -> Page:
    chat = await visit.chat(model="hang", **options)
    await chat.send(QUESTION)
    await visit.ollama.chat()
    await expect(chat.text).to_contain_text("Loading model")
    return chat.page


@screen
async def streaming(visit: Visit, options: Options) -> Page:
    visit.ollama.text = PROSE
    chat = await visit.chat(model="halfway", **options)
    await chat.send(QUESTION)
    await expect(chat.reply).to_contain_text("a second key")
    await laid_out(chat, "strong")
    return chat.page


@screen
async def reasoning(visit: Visit, options: Options) -> Page:
    chat = await visit.chat(model="musing:id=a", **options)
    await chat.send("How many r are there in strawberry?")
    visit.ollama.gate("a").release(2)
    await expect(chat.reply.get_by_text("Let me think.")).to_be_visible()
    return chat.page


@screen
async def markdown(visit: Visit, options: Options) -> Page:
    visit.ollama.text = ANSWER
    chat = await visit.chat(model="said", **options)
    await chat.ask("Compare SQLite and PostgreSQL for a small team.")
    await expect(chat.reply.get_by_text("def", exact=True)).to_be_visible()
    return chat.page


@screen
async def code(visit: Visit, options: Options) -> Page:
    visit.ollama.text = f"This groups words by their letters:\n\n{CODE}\n\nOthers are left out."
    chat = await visit.chat(model="said", **options)
    await chat.ask("Write a function that groups words by anagram.")
    await expect(chat.reply.get_by_text("def", exact=True)).to_be_visible()
    return chat.page


@screen
async def table(visit: Visit, options: Options) -> Page:
    visit.ollama.text = f"It depends on who writes:\n\n{TABLE}"
    chat = await visit.chat(model="said", **options)
    await chat.ask("SQLite or PostgreSQL, as a table?")
    await laid_out(chat, "table")
    return chat.page


@screen
async def stopped(visit: Visit, options: Options) -> Page:
    page = await streaming(visit, options)
    chat = ChatPage(page)
    await chat.stop_button.click()
    await chat.idle()
    return page


@screen
async def cut_by_the_limit(visit: Visit, options: Options) -> Page:
    chat = await visit.chat(model="length", **options)
    await chat.ask("Tell me everything.")
    return chat.page


@screen
async def error(visit: Visit, options: Options) -> Page:
    chat = await visit.chat(model="memory", **options)
    await chat.ask(QUESTION)
    await expect(chat.alert).to_be_visible()
    return chat.page


@screen
async def error_in_the_middle(visit: Visit, options: Options) -> Page:
    chat = await visit.chat(model="rst:after=40", **options)
    await chat.ask(QUESTION)
    await expect(chat.alert).to_be_visible()
    return chat.page


@screen
async def fallback(visit: Visit, options: Options) -> Page:
    chat = await visit.chat(model="memory", **options)
    await chat.ask("Who answers?")
    await expect(chat.reply).to_contain_text("answered instead")
    return chat.page


@screen
async def refused(visit: Visit, options: Options) -> Page:
    gone = await visit.conversation(model="llama-of-yesterday")
    chat = await visit.chat(conversation=gone, **options)
    await chat.send("Are you still there?")
    await expect(chat.alert).to_be_visible()
    return chat.page


@screen
async def offline(visit: Visit, options: Options) -> Page:
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE)
    chat = await explained(visit, options)
    await chat.page.context.set_offline(True)
    await expect(chat.note("You’re offline.")).to_be_visible()
    await chat.send("And what if two keys fall into one slot?")
    await expect(chat.questions).to_have_count(2)
    return chat.page


@screen
async def signed_out(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    await chat.composer.fill("And what if two keys")
    await visit.end_session(chat.page)
    await expect(chat.note("Your session has expired.")).to_be_visible()
    return chat.page


@screen
async def settings(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    opened = await chat.open_settings(advanced=True)
    await opened.set("Temperature", 0.3)
    await expect(opened.model).to_be_visible()
    return chat.page


@screen
async def clear_dialog(visit: Visit, options: Options) -> Page:
    chat = await explained(visit, options)
    await chat.clear()
    return chat.page


@screen
async def scrolled_up(visit: Visit, options: Options) -> Page:
    conversation = await visit.conversation()
    await visit.place.clerk("fill", conversation_id=conversation, turns=12, words=40)
    chat = await visit.chat(conversation=conversation, **options)
    await chat.log.focus()
    await chat.page.keyboard.press("Home")
    await expect(chat.jump_button).to_be_visible()
    return chat.page
