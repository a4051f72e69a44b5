import asyncio
import sys
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from project.doctor import Finding, local, proxy

MARKS = {"ok": "  ok      ", "note": "  note    ", "problem": "  PROBLEM "}


class Command(BaseCommand):
    help = (
        "Try the settings, the database, the files, Redis, the providers and (with --url) the "
        "proxy, and say what is wrong and what to do. Ends with 1 when there is a problem."
    )
    requires_system_checks: list[str] = []  # they are the first that it reports

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", help="the address as browsers have it: https://…")
        parser.add_argument(
            "--idle", type=float, help="seconds of silence that the proxy has to bear"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.problems = 0
        self.part("Settings", local.settings_say())
        self.part("Database", local.database())
        self.part("Files", local.files())
        self.part("Redis", local.redis_server())
        self.part("Providers", local.providers())
        if options["url"]:
            asyncio.run(self.proxy(_address(options["url"]), options["idle"]))
        if self.problems:
            self.stdout.write(f"\n{self.problems} to fix.")
            sys.exit(1)
        self.stdout.write("\nNo problems.")

    def part(self, title: str, findings: Any) -> None:
        self.stdout.write(title)
        for finding in findings:
            self.tell(finding)

    async def proxy(self, url: str, idle: float | None) -> None:
        self.stdout.write(f"The way to {url}")
        async for finding in proxy.examine(url, idle):
            self.tell(finding)

    def tell(self, finding: Finding) -> None:
        self.problems += finding.kind == "problem"
        self.stdout.write(MARKS[finding.kind] + finding.what)
        if finding.advice:
            self.stdout.write(" " * len(MARKS["ok"]) + "→ " + finding.advice)
        self.stdout.flush()


def _address(given: str) -> str:
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CommandError(f"--url: {given} is not an address; write it as https://host.")
    return f"{parts.scheme}://{parts.netloc}"
