"""The main walk through the page in Firefox and in WebKit (Safari's engine): `make test-engines`.

    async with firefox() as engine:
        await engine.open(f"{server.url}/")
        await engine.press("Hello")
        assert await engine.run("return document.title")

What the engines have in common is small, so they are driven by their own protocols: Firefox by
WebDriver BiDi, WebKitGTK by the older WebDriver.
"""
