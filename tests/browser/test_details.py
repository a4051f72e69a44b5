"""What the page tells about how a reply was made, and what the model is told first."""

from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.harness.rest import ok


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


async def test_reset_forgets_the_model(visit: Visit):
    """The default is not remembered by its name, since it may change."""
    chat = await visit.chat(model="echo")
    settings = await chat.open_settings(advanced=True)
    async with chat.page.expect_response(lambda r: r.request.method == "PATCH") as answer:
        await settings.reset.click()
    assert (await answer.value).ok
    kept = ok(await visit.person.rest.get(f"/api/conversations/{chat.conversation}/"))["settings"]
    assert "model" not in kept
    await expect(settings.model).to_have_value("normal")


async def test_the_meter_warns_in_words(visit: Visit):
    """When the draft and the longest reply exceed the window."""
    chat = await visit.chat()
    await chat.composer.fill("word " * 8000)
    warning = chat.page.get_by_text("Too long: draft and reply exceed the context window")
    await expect(warning).to_be_visible()
    await chat.composer.fill("word")
    await expect(warning).to_have_count(0)
