"""What Lighthouse says, on its mobile profile, signed in."""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from bench.page.figures import Figure
from bench.page.site import Site
from tests.browser.browser import ARGUMENTS

HERE = Path(__file__).parent
CLI = HERE / "node_modules" / "lighthouse" / "cli" / "index.js"
NODE = Path(sys.executable).with_name("node")
CATEGORIES = ("performance", "accessibility", "best-practices")
# The cookies are kept as they are, so that the next start of the browser can read them.
FLAGS = [*ARGUMENTS, "--password-store=basic"]
RUNS = 3
# Now and then it misses the start of a page, and asks to be run again.
AGAIN = "NO_NAVSTART"


async def _once(url: str, chromium: str, profile: str, tries: int = 3) -> dict[str, Any]:
    """The report of one run."""
    flags = ["--headless=new", *FLAGS, f"--user-data-dir={profile}"]
    command = [
        str(NODE),
        str(CLI),
        url,
        "--quiet",
        "--output=json",
        "--output-path=stdout",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags={' '.join(flags)}",
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "CHROME_PATH": chromium},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,  # full of warnings about its own models
    )
    output, said = await process.communicate()
    if process.returncode and tries > 1 and AGAIN in said.decode():
        return await _once(url, chromium, profile, tries - 1)
    if process.returncode:
        raise RuntimeError(f"Lighthouse: {said.decode().strip().splitlines()[-1]}")
    report: dict[str, Any] = json.loads(output)
    if "runtimeError" in report:
        raise RuntimeError(report["runtimeError"]["message"])
    return report


def _failed(report: dict[str, Any]) -> set[str]:
    """Audits of accessibility and best practices that are not passed."""
    return {
        one["id"]
        for category in CATEGORIES[1:]
        for one in report["categories"][category]["auditRefs"]
        if one["weight"] and report["audits"][one["id"]]["score"] not in (None, 1)
    }


async def measure(site: Site, chromium: str) -> list[Figure]:
    """Welcome, an empty chat, and a thread: the median of a few runs each."""
    with tempfile.TemporaryDirectory() as profile:
        await _sign_in(site, chromium, profile)
        return await _measure(site, chromium, profile)


async def _sign_in(site: Site, chromium: str, profile: str) -> None:
    """Leave the session's cookie in a browser profile."""
    cookie = {"name": "sessionid", "value": site.session, "url": site.server.url}
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=FLAGS
        )
        lasting = {**cookie, "expires": time.time() + 3600}
        await context.add_cookies([lasting])  # type: ignore[list-item]
        await context.close()


async def _measure(site: Site, chromium: str, profile: str) -> list[Figure]:
    thread = await site.conversation()
    await site.clerk("fill", conversation_id=thread, turns=10, words=60)
    pages = {"Welcome": "/", "an empty chat": f"/chat/{await site.conversation()}"}
    pages["a thread"] = f"/chat/{thread}"
    figures: list[Figure] = []
    for name, path in pages.items():
        reports = [await _once(site.server.url + path, chromium, profile) for _ in range(RUNS)]
        if failed := set().union(*map(_failed, reports)):
            print(f"Lighthouse, {name}: {', '.join(sorted(failed))}", file=sys.stderr)

        def median(category: str, reports: list[dict[str, Any]] = reports) -> float:
            return float(statistics.median(r["categories"][category]["score"] for r in reports))

        def audit(which: str, reports: list[dict[str, Any]] = reports) -> float:
            return float(statistics.median(r["audits"][which]["numericValue"] for r in reports))

        figures += [
            Figure(f"{name}: performance", median("performance"), "", 0.97, least=True),
            Figure(f"{name}: accessibility", median("accessibility"), "", 1, least=True),
            Figure(f"{name}: best practices", median("best-practices"), "", 1, least=True),
            Figure(f"{name}: largest paint", audit("largest-contentful-paint") / 1000, "s", 1.8),
            Figure(f"{name}: layout shift", round(audit("cumulative-layout-shift"), 4), "", 0.02),
        ]
    return figures
