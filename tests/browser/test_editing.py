"""Own messages that are said differently."""

from playwright.async_api import Locator, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage


def editor(chat: ChatPage) -> Locator:
    return chat.page.get_by_role("textbox", name="Edit your message")


def edit_button(message: Locator) -> Locator:
    return message.get_by_role("button", name="Edit message")


async def test_an_edit_makes_a_branch(visit: Visit):
    """The message and what followed stay reachable; the model reads only the new branch."""
    chat = await visit.chat(model="echo")
    await chat.ask("One")
    await chat.ask("Two")
    await edit_button(chat.questions.first).click()
    await expect(editor(chat)).to_have_value("One")
    await expect(editor(chat)).to_be_focused()
    await editor(chat).fill("Another one")
    await editor(chat).press("Enter")
    await chat.idle()
    await expect(chat.questions).to_have_count(1)
    await expect(chat.text).to_have_text("Another one")
    await expect(chat.composer).to_be_focused()
    assert [m["content"] for m in (await visit.ollama.chat(2)).json["messages"]] == ["Another one"]
    versions = chat.questions.first.get_by_role("group", name="Versions")
    await expect(versions).to_contain_text("2/2")
    await versions.get_by_role("button", name="Previous version").click()
    await expect(chat.questions).to_have_count(2)
    await expect(chat.text).to_have_text("Two")


async def test_a_later_message_keeps_what_led_to_it(visit: Visit):
    """Only what came after it is another branch."""
    chat = await visit.chat(model="echo")
    await chat.ask("One")
    await chat.ask("Two")
    await edit_button(chat.questions.last).click()
    await editor(chat).fill("Second")
    await chat.page.get_by_role("article").get_by_role("button", name="Send").click()
    await chat.idle()
    stored = await visit.stored(chat, "head")
    assert [m["content"] for m in stored] == ["One", "One", "Second", "Second"]


async def test_escape_leaves_it_as_it_was(visit: Visit):
    """And the focus goes back to the button."""
    chat = await visit.chat()
    await chat.ask("One")
    await edit_button(chat.questions.first).click()
    await editor(chat).fill("Something else")
    await editor(chat).press("Escape")
    await expect(editor(chat)).to_have_count(0)
    await expect(chat.paragraph(chat.questions)).to_have_text("One")
    await expect(edit_button(chat.questions.first)).to_be_focused()
    assert len(await visit.stored(chat)) == 2


async def test_arrow_up_edits_the_last_one(visit: Visit):
    """In an empty composer only; Escape brings the focus back there."""
    chat = await visit.chat()
    await chat.ask("One")
    await chat.ask("Two")
    await chat.composer.fill("draft")
    await chat.composer.press("ArrowUp")
    await expect(editor(chat)).to_have_count(0)
    await chat.composer.fill("")
    await chat.composer.press("ArrowUp")
    await expect(editor(chat)).to_have_value("Two")
    await editor(chat).press("Escape")
    await expect(chat.composer).to_be_focused()


async def test_a_refused_edit_changes_nothing(visit: Visit):
    """The thread is as it was, and the text is in the composer."""
    conversation = await visit.conversation()
    await visit.place.clerk("fill", conversation_id=conversation, turns=1, words=3)
    await visit.person.rest.patch(
        f"/api/conversations/{conversation}/", {"settings": {"model": "no-such-model"}}
    )
    chat = await visit.chat(conversation=conversation)
    before = await chat.paragraph(chat.questions).inner_text()
    await edit_button(chat.questions.first).click()
    await editor(chat).fill("Two")
    await editor(chat).press("Enter")
    await expect(chat.alert).to_be_visible()
    await expect(chat.questions).to_have_count(1)
    await expect(chat.paragraph(chat.questions)).to_have_text(before)
    await expect(chat.composer).to_have_value("Two")
