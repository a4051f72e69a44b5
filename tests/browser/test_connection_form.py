"""The form of a connection: its models are ticked in a list, filled by its own server."""

from playwright.async_api import expect

from tests.browser.browser import Visit
from tests.browser.test_axe import STILL, assert_accessible
from tests.harness.rest import ok


async def test_models_are_ticked(visit: Visit):
    """By the keys, from the list and beside it; also while the server does not answer."""
    await visit.place.clerk("allow", model="User", row_id=visit.person.id, is_staff=True)
    server = visit.place.openai
    server.models = ["big/one", "big/two", "small"]
    page = await visit.page("/connections/add", **STILL)
    await page.get_by_label("Name", exact=True).fill("ticked")
    await page.get_by_label("Address").fill(f"{server.url}/v1")
    await page.get_by_label("Only those that are ticked").check()
    status = page.get_by_role("status")
    await expect(status).to_have_text("ticked answers and has 3 models.")
    save = page.get_by_role("button", name="Save and test")
    await save.click()
    await expect(page.get_by_role("alert")).to_have_text("Tick at least one model.")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.type("big")
    await page.get_by_role("button", name="Tick all", exact=True).click()
    await page.get_by_label("Label of big/two").fill("The second")
    await page.get_by_role("searchbox").fill("mine")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("checkbox", name="mine not in its list")).to_be_checked()
    # From the search down into the list, where the first is taken away.
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Space")
    await expect(page.get_by_role("checkbox", name="big/one")).not_to_be_checked()
    await assert_accessible(page)
    await save.click()
    await page.get_by_role("link", name="Edit ticked").click()
    await expect(page.get_by_role("checkbox", name="big/two")).to_be_checked()
    [row] = [
        row
        for row in ok(await visit.person.page.get("/api/connections/"))["results"]
        if row["name"] == "ticked"
    ]
    assert row["models_filter"] == ["big/two", "mine"]
    assert row["model_labels"] == {"big/two": "The second"}
    await page.get_by_label("Address").fill("http://127.0.0.1:9")
    await page.get_by_role("button", name="Load the list").click()
    await expect(status).to_have_text("ticked cannot be reached. Is it running?")
    await expect(page.get_by_role("checkbox", name="big/two")).to_be_checked()
    await page.get_by_label("All, also those that come later").check()
    await expect(page.locator("textarea[name=offered]")).to_have_value("*\nbig/two = The second")
    await visit.person.page.delete(f"/api/connections/{row['id']}/")
