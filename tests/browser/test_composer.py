"""The field to write in."""

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage


async def height(chat: ChatPage, lines: int) -> float:
    """The field's height in pixels with so many lines in it."""
    await chat.composer.fill("\n".join("line" for _ in range(lines)))
    box = await chat.composer.bounding_box()
    assert box
    return box["height"]


async def test_enter_sends(visit: Visit):
    """And the field is empty and focused afterwards."""
    chat = await visit.chat()
    await chat.composer.press_sequentially("Hi there")
    await chat.composer.press("Enter")
    await expect(chat.questions).to_contain_text("Hi there")
    await expect(chat.composer).to_have_value("")
    await expect(chat.composer).to_be_focused()


async def test_the_button_sends(visit: Visit):
    """And the focus goes back to the field."""
    chat = await visit.chat()
    await chat.composer.fill("By mouse")
    await chat.send_button.click()
    await expect(chat.questions).to_contain_text("By mouse")
    await expect(chat.composer).to_be_focused()


async def test_shift_enter_breaks_the_line(visit: Visit):
    """And Enter sends all lines."""
    chat = await visit.chat(model="echo")
    await chat.composer.press_sequentially("one")
    await chat.composer.press("Shift+Enter")
    await chat.composer.press_sequentially("two")
    await expect(chat.composer).to_have_value("one\ntwo")
    await expect(chat.questions).to_have_count(0)
    await chat.composer.press("Enter")
    await chat.idle()
    assert (await visit.stored(chat))[0]["content"] == "one\ntwo"


async def test_enter_does_not_send_while_an_input_method_composes(visit: Visit):
    """It belongs to the input method until the word is chosen."""
    chat = await visit.chat()
    await expect(chat.composer).to_be_focused()
    keyboard = await chat.page.context.new_cdp_session(chat.page)
    composing = {"text": "にほん", "selectionStart": 3, "selectionEnd": 3}
    await keyboard.send("Input.imeSetComposition", composing)
    await expect(chat.composer).to_have_value("にほん")
    # 229: the key that the page sees when an input method has taken it.
    enter = {"type": "rawKeyDown", "key": "Enter", "windowsVirtualKeyCode": 229}
    await keyboard.send("Input.dispatchKeyEvent", enter)
    await keyboard.send("Input.insertText", {"text": "日本"})
    await expect(chat.composer).to_have_value("日本")
    await expect(chat.questions).to_have_count(0)
    await chat.composer.press("Enter")
    await expect(chat.questions).to_contain_text("日本")


async def test_enter_breaks_the_line_on_a_touch_screen(visit: Visit):
    """There is no Shift to hold; the button sends."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    chat = await visit.chat(**phone)
    await chat.composer.tap()
    await chat.composer.press_sequentially("one")
    await chat.composer.press("Enter")
    await chat.composer.press_sequentially("two")
    await expect(chat.composer).to_have_value("one\ntwo")
    await chat.send_button.tap()
    await expect(chat.questions).to_contain_text("one")


async def test_it_grows_to_eight_lines(visit: Visit):
    """Then it scrolls, and after sending it is small again."""
    chat = await visit.chat()
    one, three, eight = [await height(chat, lines) for lines in (1, 3, 8)]
    line = (three - one) / 2
    assert line > 16
    assert eight == pytest.approx(one + 7 * line, abs=2)
    assert await height(chat, 20) == eight
    await chat.composer.press("Enter")
    await expect(chat.composer).to_have_value("")
    box = await chat.composer.bounding_box()
    assert box
    assert box["height"] == one


async def test_a_draft_outlives_a_reload(visit: Visit):
    """Each conversation has its own."""
    chat = await visit.chat()
    first = chat.conversation
    await chat.composer.fill("Not yet finished")
    await chat.reload()
    await expect(chat.composer).to_have_value("Not yet finished")
    await chat.open(await visit.conversation())
    await expect(chat.composer).to_have_value("")
    await chat.open(first)
    await expect(chat.composer).to_have_value("Not yet finished")


async def test_sending_forgets_the_draft(visit: Visit):
    """It does not come back with a reload."""
    chat = await visit.chat()
    await chat.ask("Finished")
    await chat.reload()
    await expect(chat.questions).to_have_count(1)
    await expect(chat.composer).to_have_value("")


@pytest.mark.parametrize("text", ["", "  \n "], ids=["nothing", "blanks"])
async def test_nothing_cannot_be_sent(visit: Visit, text: str):
    """The button says so by being disabled, and Enter does nothing."""
    chat = await visit.chat()
    await chat.composer.fill(text)
    await expect(chat.send_button).to_be_disabled()
    await chat.composer.press("Enter")
    await expect(chat.questions).to_have_count(0)
    await expect(chat.page.get_by_role("heading", level=2)).to_be_visible()
    await chat.composer.fill("Something")
    await expect(chat.send_button).to_be_enabled()


async def test_a_refused_text_comes_back(visit: Visit):
    """With the reason, before what was typed since; nothing was stored."""
    chat = await visit.chat(conversation=await visit.conversation(model="no-such-model"))
    await chat.send("Precious words")
    await expect(chat.alert).to_contain_text("The model no-such-model is not available.")
    await expect(chat.alert.get_by_role("button", name="Choose another model")).to_be_visible()
    await expect(chat.composer).to_have_value("Precious words")
    await expect(chat.questions).to_have_count(0)
    assert await visit.stored(chat) == []


async def test_too_long_a_text_comes_back(visit: Visit):
    """All of it."""
    chat = await visit.chat()
    await chat.send("x" * 200_001)
    await expect(chat.alert).to_be_visible()
    await expect(chat.composer).to_have_value("x" * 200_001)


async def test_a_long_paste_goes_through(visit: Visit):
    """100 kB, to the letter."""
    chat = await visit.chat()
    text = "word " * 20_000 + "end"
    await chat.ask(text)
    assert (await visit.stored(chat))[0]["content"] == text


# Writes what a keyboard cannot: code units by their numbers.
_PASTE = """
(field, units) => {
  const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value');
  set.call(field, String.fromCharCode(...units));
  field.dispatchEvent(new Event('input', { bubbles: true }));
}
"""


async def test_half_a_pair_and_a_control_character_are_sent(visit: Visit):
    """Half a surrogate pair as U+FFFD; the control character is shown where it is."""
    chat = await visit.chat()
    await chat.composer.evaluate(_PASTE, [0x61, 0x1B, 0x62, 0xD83D])
    await chat.composer.press("Enter")
    await chat.idle()
    assert (await visit.stored(chat, "head"))[0]["content"] == "a\x1bb\ufffd"
    await expect(chat.log.get_by_title("U+001B")).to_have_text("ESC")


async def test_what_can_never_be_sent_is_said_at_once(visit: Visit):
    """At the field, and it stays there."""
    chat = await visit.chat()
    await chat.composer.evaluate(_PASTE, [0x61, 0x00, 0x62])
    await expect(chat.page.get_by_role("alert")).to_contain_text("null character")
    await expect(chat.send_button).to_be_disabled()
    await chat.composer.fill("ab")
    await expect(chat.page.get_by_role("alert")).to_have_count(0)
