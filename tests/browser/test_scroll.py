"""Following a reply as it grows, and letting go of a reader."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage

STEP = 100


class Growing:
    """A conversation with a past and a reply that grows by `STEP` words when told."""

    def __init__(self, visit: Visit, chat: ChatPage) -> None:
        self._visit, self.chat = visit, chat
        self._words = 0

    async def grow(self) -> None:
        """Let the next words out, and wait until they are shown."""
        self._words += STEP
        self._visit.ollama.gate("a").release(STEP)
        await expect(self.chat.text).to_contain_text(f"word{self._words - 1}")

    async def top(self) -> float:
        return float(await self.chat.log.evaluate("e => e.scrollTop"))


async def growing(visit: Visit, **options: Any) -> Growing:
    conversation = await visit.conversation(model="gate:n=2000")
    await visit.place.clerk("fill", conversation_id=conversation, turns=8, words=60)
    chat = await visit.chat(conversation=conversation, **options)
    reply = Growing(visit, chat)
    await chat.send()
    await reply.grow()
    return reply


async def wheel(chat: ChatPage, pixels: int) -> None:
    """Turn the wheel over the thread, and wait until it has moved, and stands again."""
    before = float(await chat.log.evaluate("e => e.scrollTop"))
    await chat.log.hover()
    await chat.page.mouse.wheel(0, pixels)
    await chat.until("(e, top) => Math.abs(e.scrollTop - top) > 1", before)
    await stands(chat)


async def stands(chat: ChatPage) -> None:
    """Wait until the thread scrolls no longer: some scroll smoothly."""
    await chat.page.wait_for_function(_STANDS, arg=await chat.log.element_handle())


async def test_the_thread_follows_at_its_end(visit: Visit):
    """However much comes."""
    reply = await growing(visit)
    for _ in range(3):
        await reply.chat.at_end()
        await reply.grow()
    await reply.chat.at_end()
    await expect(reply.chat.jump_button).to_have_count(0)


# The message at the top of the thread, and how far it begins from there.
_AT_THE_TOP = """
(box) => {
  const top = (one) => one.getBoundingClientRect().top - box.getBoundingClientRect().top;
  const all = [...box.querySelectorAll('article')];
  const first = all.find((one) => top(one) + one.offsetHeight > 0);
  return [all.indexOf(first), Math.round(top(first))];
}
"""


_KEEP = f"box => sessionStorage.setItem('test.place', JSON.stringify(({_AT_THE_TOP})(box)))"


async def test_a_reload_lands_where_one_was(visit: Visit):
    """And at the end, when one was there."""
    conversation = await visit.conversation(model="normal")
    await visit.place.clerk("fill", conversation_id=conversation, turns=8, words=60)
    chat = await visit.chat(conversation=conversation)
    await chat.at_end()
    await wheel(chat, -700)
    # Where one is in the moment of leaving: on a busy machine the wheel may turn on until then.
    await chat.log.evaluate(f"box => addEventListener('pagehide', () => ({_KEEP})(box))")
    await chat.reload()
    await expect(chat.jump_button).to_be_visible()
    message, top = await chat.page.evaluate("JSON.parse(sessionStorage.getItem('test.place'))")
    script = f"([box, message, top]) => {{ const [found, now] = ({_AT_THE_TOP})(box); \
return found === message && Math.abs(now - top) <= 2; }}"
    log = await chat.log.element_handle()
    await chat.page.wait_for_function(script, arg=[log, message, top])
    await chat.jump_button.click()
    await chat.at_end()
    await chat.reload()
    await chat.at_end()


@pytest.mark.parametrize("how", ["wheel", "key", "script"])
async def test_scrolling_up_lets_go(visit: Visit, how: str):
    """One notch is enough, and nothing pulls the reader back."""
    reply = await growing(visit)
    chat = reply.chat
    await chat.at_end()
    if how == "wheel":
        await wheel(chat, -100)
    elif how == "script":  # as find-in-page and screen readers do
        await chat.log.evaluate(_SCROLL_UP)
    else:
        await chat.log.focus()
        await chat.page.keyboard.press("PageUp")
        await chat.until("e => e.scrollHeight - e.clientHeight - e.scrollTop > 100")
        await stands(chat)
    top = await reply.top()
    for _ in range(3):
        await reply.grow()
    assert await reply.top() == pytest.approx(top, abs=1)


_SCROLL_UP = """
(element) => {
  element.scrollTop -= 400;
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}
"""

_STANDS = """
(element) => {
  const before = element.lastTop;
  element.lastTop = element.scrollTop;
  element.stands = before === element.scrollTop ? (element.stands ?? 0) + 1 : 0;
  if (element.stands <= 5) return false;
  element.stands = 0;  // the next wait counts anew
  return true;
}
"""


async def test_a_selection_survives(visit: Visit):
    """In the paragraph that is being written."""
    reply = await growing(visit)
    select = "e => getSelection().setBaseAndExtent(e.firstChild, 3, e.firstChild, 30)"
    await reply.chat.text.evaluate(select)
    selected = await reply.chat.page.evaluate("String(getSelection())")
    await reply.grow()
    assert len(selected) == 27
    assert await reply.chat.page.evaluate("String(getSelection())") == selected


async def test_the_jump_button_leads_back(visit: Visit):
    """It comes far from the end, goes at the end, and then the thread follows again."""
    reply = await growing(visit)
    chat = reply.chat
    await wheel(chat, -100)
    await expect(chat.jump_button).to_have_count(0)
    await wheel(chat, -400)
    await chat.jump_button.click()
    await chat.at_end()
    await expect(chat.jump_button).to_have_count(0)
    await reply.grow()
    await chat.at_end()


async def test_scrolling_to_the_end_follows_again(visit: Visit):
    """Without the button."""
    reply = await growing(visit)
    chat = reply.chat
    await wheel(chat, -300)
    await reply.grow()
    await expect(chat.jump_button).to_be_visible()
    await wheel(chat, 5000)
    await expect(chat.jump_button).to_have_count(0)
    await reply.grow()
    await chat.at_end()


async def test_sending_leads_to_the_end(visit: Visit):
    """Whoever writes wants to see what comes."""
    reply = await growing(visit)
    chat = reply.chat
    await wheel(chat, -400)
    await chat.stop_button.click()
    await chat.idle()
    assert await chat.distance() > 200
    await chat.send("And this?")
    await chat.at_end()
    await expect(chat.jump_button).to_have_count(0)


async def test_a_reader_of_old_messages_is_left_alone_by_another_tab(visit: Visit):
    """A turn begun elsewhere moves nothing."""
    reply = await growing(visit)
    chat = reply.chat
    await chat.stop_button.click()
    await chat.idle()
    await wheel(chat, -400)
    top = await reply.top()
    visit.ollama.gate("a").open()
    await visit.person.rest.generate(chat.conversation, "From elsewhere", model="normal")
    await expect(chat.questions.last).to_contain_text("From elsewhere")
    await expect(chat.text).to_have_text("Hello from the scripted model.")
    assert await reply.top() == pytest.approx(top, abs=1)


async def test_reduced_motion_is_honoured(visit: Visit):
    """Nothing pulses or glides for those who asked for that."""
    chat = await visit.chat(model="gate:n=1", reduced_motion="reduce")
    await chat.send()
    await visit.ollama.chat()
    await expect(chat.answering).to_have_count(1)
    assert await chat.page.evaluate("document.getAnimations().length") == 0


async def test_a_finger_lets_go(visit: Visit):
    """Dragging the thread down is enough, and nothing pulls the reader back."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    reply = await growing(visit, **phone)
    chat = reply.chat
    await chat.at_end()
    device = await chat.page.context.new_cdp_session(chat.page)

    async def finger(kind: str, *heights: int) -> None:
        points = [{"x": 195, "y": y} for y in heights]
        await device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    await finger("touchStart", 250)
    for height in range(270, 451, 20):
        await finger("touchMove", height)
    await finger("touchEnd")
    await chat.until("e => e.scrollHeight - e.clientHeight - e.scrollTop > 60")
    # A finger that leaves while it moves gives the thread a swing.
    await stands(chat)
    top = await reply.top()
    for _ in range(3):
        await reply.grow()
    assert await reply.top() == pytest.approx(top, abs=1)


async def stand(chat: ChatPage, distance: int) -> None:
    """Scroll to so many pixels before the end."""
    script = "(e, d) => { e.scrollTop = e.scrollHeight - e.clientHeight - d; }"
    await chat.log.evaluate(script, distance)


async def test_when_the_jump_button_is_there(visit: Visit):
    """From 200 pixels before the end on, until 60 before it; Tab leads to it."""
    reply = await growing(visit)
    chat = reply.chat
    await wheel(chat, -100)
    for distance, there in ((195, 0), (205, 1), (70, 1), (55, 0)):
        await stand(chat, distance)
        await expect(chat.jump_button).to_have_count(there)
    await wheel(chat, -400)
    await expect(chat.jump_button).to_be_visible()
    await chat.composer.focus()
    for _ in ("the button that adds files", "this one"):
        await chat.page.keyboard.press("Shift+Tab")
    await expect(chat.jump_button).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await chat.at_end()
    await expect(chat.jump_button).to_have_count(0)
