"""What can be done with a message beside the conversation, and chats of which nothing is kept."""

import re

from playwright.async_api import Locator, expect

from tests.browser.browser import Visit
from tests.browser.sidebar import Sidebar


async def do(message: Locator, action: str) -> None:
    """An entry of the message's menu."""
    await message.get_by_role("button", name="More actions").click()
    await message.page.get_by_role("menuitem", name=action).click()


async def test_a_deleted_message_goes_in_every_browser_and_comes_back(visit: Visit):
    """At once, with an undo. The model is told neither it nor a reply without its question."""
    chat = await visit.chat(model="echo")
    await chat.ask("One")
    await chat.ask("Two")
    other = await visit.chat(conversation=chat.conversation)
    await expect(other.questions).to_have_count(2)
    await do(chat.replies.first, "Delete message")
    await expect(chat.replies).to_have_count(1)
    await expect(other.replies).to_have_count(1)
    await chat.page.get_by_role("button", name="Undo").click()
    await expect(chat.replies).to_have_count(2)
    await expect(other.replies).to_have_count(2)
    await do(chat.questions.first, "Delete message")
    await expect(other.questions).to_have_count(1)
    await chat.ask("Three")
    sent = (await visit.ollama.chat(2)).json["messages"]
    assert [m["content"] for m in sent] == ["Two", "Two", "Three"]


async def test_a_rating_with_a_word_and_a_fork(visit: Visit):
    """The rating is stored with its word; a fork has what leads to the message."""
    chat = await visit.chat(model="echo")
    await chat.ask("One")
    await chat.ask("Two")
    first = chat.replies.first
    # It is shown at once: a page that is loaded before the server has it would not show it.
    async with chat.page.expect_response("**/rating/"):
        await first.get_by_role("button", name="Bad reply").click()
    await chat.page.get_by_role("textbox", name="What was good or bad?").fill("wrong")
    async with chat.page.expect_response("**/rating/"):
        await chat.page.get_by_role("button", name="Send feedback").click()
    await chat.reload()
    bad = first.get_by_role("button", name="Bad reply")
    await expect(bad).to_have_attribute("aria-pressed", "true")
    stored = await visit.stored(chat, "head")
    assert stored[1]["rating"] == {"value": -1, "comment": "wrong"}
    before = chat.conversation
    await do(first, "Fork into a new chat")
    await expect(chat.page.get_by_text("You’re in a copy")).to_be_visible()
    await expect(chat.replies).to_have_count(1)
    assert chat.conversation != before


async def test_a_temporary_chat_is_in_no_list_until_it_is_kept(visit: Visit):
    """It is marked; a copy of it is kept."""
    chat = await visit.chat(model="echo")
    sidebar = Sidebar(chat.page)
    await chat.page.get_by_role("button", name="New temporary chat").click()
    note = chat.page.get_by_role("complementary", name="Temporary chat")
    await expect(note).to_be_visible()
    await chat.ask("Secret")
    await expect(chat.title).to_contain_text("Secret")
    await expect(sidebar.rows.filter(has_text="Secret")).to_have_count(0)
    await note.get_by_role("button", name="Keep this chat").click()
    await expect(sidebar.rows.filter(has_text="Secret")).to_have_count(1)
    await expect(note).to_have_count(0)
    await expect(chat.replies).to_have_count(1)


async def test_settings_that_only_some_models_have(visit: Visit):
    """They are sent, kept in a preset, and told where the model that answers has them not."""
    await visit.offered("echo")
    chat = await visit.chat(model="echo")
    settings = await chat.open_settings(advanced=True)
    await chat.page.get_by_label("Top-k").fill("7")
    await chat.page.get_by_text("Presets", exact=True).click()
    await chat.page.get_by_role("textbox", name="Save these settings").fill("Few words")
    await chat.page.get_by_role("button", name="Save", exact=True).click()
    preset = chat.page.get_by_role("button", name="Few words", exact=True)
    await expect(preset).to_be_visible()
    await settings.reset.click()
    await expect(chat.page.get_by_label("Top-k")).to_have_value("")
    await preset.click()
    await expect(chat.page.get_by_label("Top-k")).to_have_value("7")
    await chat.ask("One")
    assert visit.ollama.chats[-1].json["options"]["top_k"] == 7


async def test_a_prompt_of_ones_own_begins_a_chat(visit: Visit):
    """The first four stand in a new chat, from the first paint on; any is found by a slash."""
    chat = await visit.chat(model="echo")
    await chat.page.get_by_role("button", name="Edit prompts").click()
    await chat.page.get_by_role("button", name="Edit prompt Explain an idea").click()
    await chat.page.get_by_role("textbox", name="Name").fill("Translate")
    await chat.page.get_by_role("textbox", name="Prompt", exact=True).fill("Say {{what}} in French")
    await chat.page.get_by_role("button", name="Save", exact=True).click()
    await expect(chat.page.get_by_role("button", name="Edit prompt Translate")).to_be_visible()
    await chat.reload()
    await chat.page.get_by_role("button", name="Translate").click()
    await chat.page.get_by_role("textbox", name="what").fill("yes")
    await chat.page.get_by_role("button", name="Insert").click()
    await expect(chat.composer).to_have_value("Say yes in French")
    await chat.composer.fill("/polish")
    await expect(chat.page.get_by_role("option", selected=True)).to_be_visible()
    await chat.composer.press("Enter")
    await expect(chat.composer).to_have_value(re.compile("^Make this clearer"))
