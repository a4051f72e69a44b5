"""Pictures of every screen and state, with a contact sheet: `make shots`, in test-output/shots."""

import asyncio
import html
import itertools
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from providers.local_fetch import fetch
from tests.browser import screens_files as _screens_files  # noqa: F401 - adds its screens
from tests.browser import screens_tools as _screens_tools  # noqa: F401 - adds its screens
from tests.browser.browser import Visit, chromium
from tests.browser.screens import SCREENS, VARIANTS, Options, Screen
from tests.browser.screens_more import PICTURES
from tests.browser.starts import ALONE, printed_link
from tests.conftest import VARIANTS as SETTINGS
from tests.harness.clerk import ROOT
from tests.harness.place import Person, Place, place_at
from tests.harness.server import ChatServer

OUTPUT = ROOT / "test-output" / "shots"
THEMES = ("light", "dark")
_NUMBERS = itertools.count(1)
SIZES: dict[str, Options] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
}
_STYLE = """
body { font: 16px/1.5 system-ui; margin: 2rem; background: #888; }
section { display: flex; flex-wrap: wrap; gap: 1rem; align-items: start; }
img { display: block; height: 26rem; box-shadow: 0 2px 12px #0006; }
figure { margin: 0; } figcaption { font-size: 0.8rem; }
"""


async def set_up_needed(visit: Visit, options: Options) -> Page:
    return await visit.page("/", signed_in=False, **options)


async def set_up(visit: Visit, options: Options) -> Page:
    return await visit.page(printed_link(visit.place.server), signed_in=False, **options)


async def demonstration_model(visit: Visit, options: Options) -> Page:
    return (await visit.chat(**options)).page


# Which kind of server each picture is taken at; the first two have nobody with an account.
PLAN: dict[str, dict[str, Screen]] = {
    "empty": {"set_up_needed": set_up_needed, "set_up": set_up},
    "usual": {n: screen for n, screen in (SCREENS | PICTURES).items() if n not in VARIANTS},
    "fallback": {name: SCREENS[name] for name in VARIANTS},
    "local": {"demonstration_model": demonstration_model},
}
KINDS: dict[str, dict[str, Any]] = {**SETTINGS, "empty": {}, "local": ALONE}


async def take(
    browser: Browser, server: ChatServer, kind: str, name: str, screen: Screen
) -> list[Path]:
    """Pictures of one screen in every size and theme."""
    taken: list[Path] = []
    for size, options in SIZES.items():
        async with place_at(server) as place:
            person = await someone(place, kind, size if name == "welcome" else "")
            visit = Visit(browser, place, person)
            try:
                page = await screen(visit, {**options, "reduced_motion": "reduce"})
                for theme in THEMES:
                    await page.emulate_media(color_scheme=theme)
                    taken.append(OUTPUT / f"{name}-{size}-{theme}.png")
                    await page.screenshot(path=taken[-1])
            finally:
                await visit.aclose()
                await person.aclose()
    return taken


async def someone(place: Place, kind: str, size: str) -> Person:
    """A person, with a name that looks well where it is shown; nobody where there is nobody."""
    if kind == "empty":
        return Person(place, "", "", "", "", "")
    name = {"desktop": "Ada", "phone": "Grace"}.get(size, f"ada.{next(_NUMBERS)}")
    return Person(place, name, **await place.clerk("person", name=name))


def contact_sheet(pictures: dict[str, list[Path]]) -> Path:
    rows = []
    for name, paths in pictures.items():
        title = html.escape(name.replace("_", " ").capitalize())
        figures = "".join(
            f'<figure><a href="{p.name}"><img src="{p.name}" alt="{title}" loading="lazy"></a>'
            f"<figcaption>{p.stem.removeprefix(name + '-')}</figcaption></figure>"
            for p in paths
        )
        rows.append(f"<h2>{title}</h2><section>{figures}</section>")
    sheet = OUTPUT / "index.html"
    sheet.write_text(
        f"<!doctype html><meta charset=utf-8><title>Screens</title><style>{_STYLE}</style>"
        + "".join(rows)
    )
    return sheet


async def main(wanted: list[str]) -> None:
    if not wanted:
        shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, list[Path]] = {}
    async with chromium() as browser:
        for kind, screens in PLAN.items():
            chosen = {n: s for n, s in screens.items() if not wanted or n in wanted}
            if not chosen:
                continue
            with ExitStack() as stack:
                directory = stack.enter_context(tempfile.TemporaryDirectory())
                if kind == "local":
                    fetch(ROOT / "var" / "models", print)
                server = ChatServer("daphne", Path(directory), **KINDS[kind])
                stack.callback(server.close)
                server.start()
                for name, screen in chosen.items():
                    print(name, flush=True)
                    pictures[name] = await take(browser, server, kind, name, screen)
    print(f"Look at {contact_sheet(pictures).relative_to(ROOT)}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
