"""Models that fail: what happened stands where it happened, with a way on."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.harness.rest import assert_sentence

WHOLE = "Hello from the scripted model."


@pytest.mark.parametrize("model", ["memory", "html", "error", "rst", "malformed"])
async def test_a_failure_is_told_in_a_sentence(visit: Visit, model: str):
    """At the reply, as an alert, with who failed; text that had come stays."""
    chat = await visit.chat(model=model)
    await chat.ask()
    alert = chat.reply.get_by_role("alert")
    await expect(alert).to_be_visible()
    assert_sentence(await alert.get_by_role("paragraph").first.inner_text())
    await expect(alert).to_contain_text("Provider: Ollama")
    await expect(alert.get_by_role("button", name="Try again")).to_be_visible()
    if model in ("error", "rst", "malformed"):
        await expect(chat.text).to_have_text("word0 word1 word2")


async def test_a_reply_without_text_says_so(visit: Visit):
    """It is no failure, but there is nothing to read either."""
    chat = await visit.chat(model="empty")
    await chat.ask()
    await expect(chat.text).to_have_text("The model returned an empty reply.")
    await expect(chat.try_again).to_be_visible()


async def test_trying_again_asks_no_second_time(visit: Visit):
    """The reply takes the failed one's place, and there is still one user message."""
    chat = await visit.chat(model="flaky")
    await chat.ask("Please")
    await expect(chat.alert).to_be_visible()
    await chat.try_again.click()
    await expect(chat.text).to_have_text(WHOLE)
    await chat.idle()
    await expect(chat.alert).to_have_count(0)
    await expect(chat.questions).to_have_count(1)
    await expect(chat.replies).to_have_count(1)
    assert [m["role"] for m in await visit.stored(chat)] == ["user", "assistant", "assistant"]


async def test_another_model_is_the_way_on(visit: Visit):
    """Where the failure lies with the model: chosen out of the one list, it answers, and stays."""
    await visit.offered("normal")
    chat = await visit.chat(model="memory")
    await chat.ask()
    way = chat.alert.get_by_role("button", name="Choose another model")
    await way.click()
    await chat.page.get_by_role("combobox").fill("normal")
    await chat.page.keyboard.press("Enter")
    await expect(chat.text).to_have_text(WHOLE)
    await expect(chat.alert).to_have_count(0)
    await expect(chat.model).to_have_accessible_name(re.compile("normal"))
    await expect(chat.questions).to_have_count(1)
    # A model that its server does not have is pulled by staff, in the same place.
    await visit.place.clerk("allow", model="User", row_id=visit.person.id, is_staff=True)
    gone = await visit.chat(model="missing")
    await gone.ask()
    await gone.alert.get_by_role("button", name="Pull missing now").click()
    await expect(gone.page.get_by_text("There is no model “missing” to pull.")).to_be_visible()
    # It helps nothing where the server is busy, and there it is not offered.
    busy = await visit.chat(model="limit")
    await busy.ask()
    await expect(busy.try_again).to_be_visible()
    await expect(busy.alert.get_by_role("button", name=re.compile("model"))).to_have_count(0)


async def test_a_failure_is_still_there_after_a_reload(visit: Visit):
    """With its sentence and its way on."""
    chat = await visit.chat(model="flaky")
    await chat.ask()
    sentence = await chat.alert.get_by_role("paragraph").first.inner_text()
    await chat.reload()
    await expect(chat.alert).to_contain_text(sentence)
    await chat.try_again.click()
    await expect(chat.text).to_have_text(WHOLE)


async def test_only_the_last_reply_can_be_tried_again(visit: Visit):
    """An earlier one has been built upon."""
    chat = await visit.chat(model="flaky")
    await chat.ask("One")
    await chat.ask("Two")
    await expect(chat.text).to_have_text(WHOLE)
    await expect(chat.alert).to_have_count(1)
    await expect(chat.try_again).to_have_count(0)


@pytest.mark.parametrize("visit", ["fallback"], indirect=True)
async def test_a_fallback_is_named(visit: Visit):
    """When another provider answered than the one that was asked."""
    chat = await visit.chat(model="memory")
    await chat.ask()
    model = (await visit.stored(chat))[-1]["model"]
    for _ in range(2):
        await expect(chat.reply).to_contain_text(
            re.compile(r"Ollama .+\. OpenAI answered instead\.")
        )
        # The line below names the model that answered, not the one that was asked.
        await expect(chat.reply).to_contain_text(
            re.compile(rf"{re.escape(model)} · (?:.+ tokens/s · )?OpenAI · ")
        )
        await chat.reload()


async def test_a_reply_cut_by_the_limit_says_so(visit: Visit):
    """And what to do about it."""
    chat = await visit.chat(model="length")
    await chat.ask()
    await expect(chat.text).to_have_text(WHOLE)
    await expect(chat.reply).to_contain_text(re.compile("Stopped at the token limit.*Max tokens"))


async def test_history_that_was_left_out_is_told(visit: Visit):
    """How much of it, and why."""
    chat = await visit.chat(model="normal")
    await visit.place.clerk("fill", conversation_id=chat.conversation, turns=8, words=2000)
    await chat.reload()
    await chat.ask()
    left_out = re.compile(
        r"\d+ earlier messages didn’t fit the 8,192-token context and were left out"
    )
    await expect(chat.reply).to_contain_text(left_out)


async def test_a_list_of_models_that_cannot_be_had(own_visit: Visit):
    """Says so beside the choice, can be tried again, and the chat works all the same."""
    visit = own_visit
    visit.ollama.down = True
    chat = await visit.chat()
    await expect(chat.model).to_have_accessible_name("Model: Choose a model")
    await chat.open_settings()
    await expect(chat.alert).to_be_visible()
    await chat.ask()
    await expect(chat.text).to_have_text(WHOLE)
    visit.ollama.down = False
    await chat.try_again.click()
    await expect(chat.alert).to_have_count(0)
    await expect(chat.model).to_have_accessible_name("Model: normal (local)")
