"""What the page tells about how a reply was made, and what the model is told first."""

from playwright.async_api import expect

from tests.browser.browser import Visit


async def test_the_details_of_a_reply(visit: Visit):
    """Everything that is known about it; Escape closes them and the focus goes back."""
    chat = await visit.chat()
    await chat.ask()
    button = chat.reply.get_by_role("button", name="Message details")
    await button.click()
    details = chat.page.get_by_role("dialog", name="Reply details")
    reply = (await visit.stored(chat))[-1]
    facts = ["normal", "Ollama", "tokens/s", "Completed", "Time to first token", "Total time"]
    for fact in [*facts, "reported by provider", "8,192 tokens", reply["id"]]:
        await expect(details).to_contain_text(fact)
    await chat.page.keyboard.press("Escape")
    await expect(details).to_be_hidden()
    await expect(button).to_be_focused()


async def test_the_system_prompt_is_kept_and_told(visit: Visit):
    """Also when it was written just before sending; and it is no parameter of the request."""
    chat = await visit.chat()
    await chat.open_settings()
    field = chat.page.get_by_role("textbox", name="System prompt")
    await field.fill("Answer in rhyme.")
    await chat.ask()
    asked = (await visit.ollama.chat()).json["messages"]
    assert asked[0] == {"role": "system", "content": "Answer in rhyme."}
    await chat.reload()
    await expect(field).to_have_value("Answer in rhyme.")


async def test_the_meter_warns_in_words(visit: Visit):
    """Before a message is sent that must fail."""
    chat = await visit.chat()
    await chat.composer.fill("word " * 8200)
    warning = chat.page.get_by_text("Too long for the model’s 8,192-token context")
    await expect(warning).to_be_visible()
    await chat.composer.fill("word")
    await expect(warning).to_have_count(0)
