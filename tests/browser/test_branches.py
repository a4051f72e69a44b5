"""Versions of messages: made, shown, and gone through."""

from playwright.async_api import Locator, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage


def versions(message: Locator) -> Locator:
    return message.get_by_role("group", name="Versions")


async def turn(message: Locator, way: str) -> None:
    await message.get_by_role("button", name=f"{way} version").click()


async def regenerate(chat: ChatPage, count: int = 2, reply: Locator | None = None) -> None:
    """Ask for another version, of which there are then `count`."""
    reply = reply or chat.reply
    await reply.get_by_role("button", name="Regenerate", exact=True).click()
    await expect(versions(chat.reply)).to_contain_text(f"{count}/{count}")
    await chat.idle()


async def test_a_regenerated_reply_keeps_the_old_one_reachable(visit: Visit):
    """As “1/2”; going there and back shows the stored text of each."""
    chat = await visit.chat(model="said")
    visit.ollama.text = "First answer."
    await chat.ask()
    await expect(versions(chat.reply)).to_have_count(0)
    visit.ollama.text = "Second answer."
    await regenerate(chat)
    await expect(chat.replies).to_have_count(1)
    await expect(chat.text).to_have_text("Second answer.")
    await expect(versions(chat.reply)).to_contain_text("2/2")
    await turn(chat.reply, "Previous")
    await expect(chat.text).to_have_text("First answer.")
    await expect(versions(chat.reply)).to_contain_text("1/2")
    await chat.reload()
    await expect(chat.text).to_have_text("First answer.")
    await turn(chat.reply, "Next")
    await expect(chat.text).to_have_text("Second answer.")
    await chat.ask("On with it")
    assert [m["content"] for m in await visit.stored(chat, "head")][1] == "Second answer."


async def test_the_focus_goes_with_the_version(visit: Visit):
    """By keyboard one goes through them without looking for the button anew."""
    chat = await visit.chat()
    await chat.ask()
    await regenerate(chat)
    await regenerate(chat, 3)
    await expect(versions(chat.reply)).to_contain_text("3/3")
    previous = chat.reply.get_by_role("button", name="Previous version")
    await previous.focus()
    await chat.page.keyboard.press("Enter")
    await expect(versions(chat.reply)).to_contain_text("2/3")
    await expect(previous).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await expect(versions(chat.reply)).to_contain_text("1/3")
    await expect(chat.reply.get_by_role("button", name="Next version")).to_be_focused()
    await expect(chat.page.get_by_text("Version 1 of 3").last).to_be_attached()


async def test_a_branch_comes_with_all_that_followed(visit: Visit):
    """The newest end of it, and sending goes on from there."""
    chat = await visit.chat(model="echo")
    for text in ("One", "Two", "Three"):
        await chat.ask(text)
    await regenerate(chat, 2, chat.replies.first)
    await expect(chat.questions).to_have_count(1)
    await turn(chat.replies.first, "Previous")
    await expect(chat.questions).to_have_count(3)
    await expect(chat.text).to_have_text("Three")
    await chat.ask("Four")
    said = [m["content"] for m in await visit.stored(chat, "head")][::2]
    assert said == ["One", "Two", "Three", "Four"]


async def test_another_tab_follows(visit: Visit):
    """It shows the version that was chosen here."""
    chat = await visit.chat(model="said")
    visit.ollama.text = "First answer."
    await chat.ask()
    other = await visit.chat(conversation=chat.conversation, context=chat.page.context)
    visit.ollama.text = "Second answer."
    await regenerate(chat)
    await expect(other.text).to_have_text("Second answer.")
    await expect(versions(other.reply)).to_contain_text("2/2")
    await turn(chat.reply, "Previous")
    await expect(other.text).to_have_text("First answer.")
    await expect(other.replies).to_have_count(1)


async def test_nothing_can_be_switched_while_a_reply_is_written(visit: Visit):
    """The ways to other branches wait, too."""
    chat = await visit.chat(model="gate:n=1")
    gate = visit.ollama.gate("a")
    gate.release(4)  # two replies of a word and an end
    await chat.ask()
    await regenerate(chat)
    await chat.send("And now?")
    await expect(chat.stop_button).to_be_visible()
    first = chat.replies.first
    await expect(first.get_by_role("button", name="Previous version")).to_be_disabled()
    await expect(first.get_by_role("button", name="Regenerate", exact=True)).to_be_disabled()
    gate.open()
    await chat.idle()
    await expect(first.get_by_role("button", name="Previous version")).to_be_enabled()


async def test_a_cut_reply_goes_on(visit: Visit):
    """Below the cut one and with its text in the prompt, as one text for the eye."""
    await visit.offered("length")
    chat = await visit.chat(model="length")
    await chat.ask("Tell")
    await expect(chat.reply).to_contain_text("Stopped at the token limit")
    await chat.reply.get_by_role("button", name="Continue").click()
    await expect(chat.replies).to_have_count(2)
    await chat.idle()
    asked = (await visit.ollama.chat(2)).json["messages"]
    assert [m["role"] for m in asked][:2] == ["user", "assistant"]
    await expect(chat.log.get_by_text("Stopped at the token limit")).to_have_count(1)
    first, second = [await r.bounding_box() for r in await chat.replies.all()]
    assert first is not None
    assert second is not None
    assert second["y"] - first["y"] - first["height"] <= 1
    await chat.reload()
    await expect(chat.replies).to_have_count(2)


async def test_a_stopped_reply_goes_on(visit: Visit):
    """ "Continue" beside "Try again"."""
    chat = await visit.chat(model="endless")
    await chat.send()
    await expect(chat.text).to_contain_text("and and")
    await chat.stop_button.click()
    await expect(chat.reply.get_by_text("Stopped", exact=True)).to_be_visible()
    await expect(chat.try_again).to_be_visible()
    await chat.reply.get_by_role("button", name="Continue").click()
    await expect(chat.replies).to_have_count(2)
    await chat.stop_button.click()
    await chat.idle()
    assert [m["role"] for m in await visit.stored(chat, "head")] == [
        "user",
        "assistant",
        "assistant",
    ]
