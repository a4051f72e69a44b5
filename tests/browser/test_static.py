"""The files of the page."""

import asyncio
import json
import re
from pathlib import Path

import httpx

from tests.harness import WAIT_S
from tests.harness.clerk import ROOT
from tests.harness.place import Place

MANIFEST: Path = ROOT / "web" / "dist" / "manifest.json"


async def test_files_come_over_connections_that_had_other_requests(place: Place):
    """Kept-alive connections once carried something of the request before, and 2 % of the files
    were answered with 500."""
    person = await place.person()
    built = [f"/static/chat/{entry['file']}" for entry in json.loads(MANIFEST.read_text()).values()]
    paths = ["/static/chat/favicon.svg", *built[:8], "/api/models/", "/", "/api/conversations/"]

    async def fetch() -> set[int]:
        async with httpx.AsyncClient(
            base_url=place.server.url,
            cookies={"sessionid": person.session},
            limits=httpx.Limits(max_connections=6),
            timeout=WAIT_S,
            trust_env=False,
        ) as client:
            seen: set[int] = set()
            for _ in range(10):
                answers = await asyncio.gather(*(client.get(path) for path in paths))
                seen |= {answer.status_code for answer in answers}
            return seen

    assert await asyncio.gather(*(fetch() for _ in range(4))) == [{200}] * 4


async def test_the_parts_of_the_app_are_named_in_the_page_and_give_way(place: Place):
    """All that a thread needs is fetched at once when the first picture is painted, and before it
    hardly anything."""
    person = await place.person()
    chat = await person.conversation()
    await place.clerk("fill", conversation_id=chat, turns=1)
    page = (await person.page.http.get(f"/chat/{chat}")).text
    links = set(re.findall(r"<link [^>]*>", page))
    later = {link for link in links if 'rel="later"' in link}
    first = {link for link in links - later if "preload" in link or "stylesheet" in link}
    font = {link for link in first if 'as="font"' in link}
    assert len(font) == 1, first
    assert len(first - font) <= 3, first
    built = json.loads(MANIFEST.read_text())
    for part in ("start.tsx", "components/Thread.tsx", "components/markdown/Markdown.tsx"):
        entry = built[f"src/{part}"]
        imported = [built[name]["file"] for name in entry["imports"]]
        for file in (entry["file"], *imported, *entry.get("css", [])):
            assert any(f"/{file}" in link for link in later), file
    scripts = {*re.findall(r"assets/[^\"]*\.js", page)}
    assert len(scripts) <= 10, scripts


def test_what_a_style_sheet_takes_from_the_theme_is_there():
    """Tailwind leaves out of the theme what the sheets that it reads do not use."""
    sheets = {path.name: path.read_text() for path in MANIFEST.parent.glob("assets/*.css")}
    first = next(text for name, text in sheets.items() if name.startswith("main-"))
    for name, text in sheets.items():
        if name.startswith(("start-", "Markdown-")):
            used = set(
                re.findall(r"var\((--(?:color|shadow|radius|text|ease|animate|font)-[\w-]+)", text)
            )
            assert used
            assert not {variable for variable in used if f"{variable}:" not in first + text}, name
