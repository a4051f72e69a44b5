"""`make bench-page`: measure the page and print a table beside its budgets, in Markdown.

`ARGS="streaming"` measures only that part; the parts are loading, lighthouse,
streaming, keys, lists, pictures.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser

from bench.page import keys, lighthouse, lists, loading, pictures, streaming
from bench.page.figures import Figure, table
from bench.page.site import Site
from tests.browser.browser import chromium
from tests.harness.server import ChatServer

PARTS = ("loading", "lighthouse", "streaming", "keys", "lists", "pictures")
MEASURES: dict[str, Callable[[Browser, Site], Awaitable[list[Figure]]]] = {
    "loading": loading.measure,
    "streaming": streaming.measure,
    "keys": keys.measure,
    "lists": lists.measure,
    "pictures": pictures.measure,
}


async def measure(part: str, server: ChatServer) -> list[Figure]:
    site = Site(server)
    try:
        if part == "lighthouse":
            return await lighthouse.measure(site, os.environ["CHROMIUM"])
        async with chromium() as browser:
            return await MEASURES[part](browser, site)
    finally:
        await site.aclose()


def run(part: str) -> list[Figure]:
    """One part, at a server and with a database of its own."""
    with tempfile.TemporaryDirectory() as directory:
        server = ChatServer("daphne", Path(directory), USE_OPENAI="off", CHAT_HEARTBEAT_SECONDS=10)
        command = [sys.executable, "-m", "bench.page.model", "--port", str(server.model_port)]
        model = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            server.start()
            return asyncio.run(measure(part, server))
        finally:
            server.close()
            model.terminate()
            model.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-page", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[])
    kept = True
    for part in parser.parse_args().parts or PARTS:
        load = os.getloadavg()[0]
        figures = run(part)
        kept = kept and all(one.kept for one in figures)
        print(f"\n### {part.capitalize()} (load of the machine before it: {load:.1f})\n")
        print(table(figures), flush=True)
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
