"""The page in a real Chromium, against a real server with scripted models behind it.

    async def test_the_reply_is_shown(visit: Visit):
        chat = await visit.chat(model="normal")     a new conversation of this test's account
        await chat.send("Hello")
        await expect(chat.text).to_have_text("Hello from the scripted model.")

`browser.py` holds browser and contexts, `page.py` what a person finds on the page, `scripts.py`
models that only these tests want. `CHROMIUM` names the browser. Every test fails on an error in
the console, on an exception, on a report of the content policy and on a request to another host.
"""
