import asyncio
import sys
from typing import Any, cast

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS

from conversations.connections.services import connections
from conversations.threads import search
from project import light_imports
from project.migrated import is_migrated
from providers.base import ProviderRole
from providers.building import build
from providers.config import LocalSettings
from providers.errors import ProviderError


class Command(BaseCommand):
    help = "Migrate, fetch the embedded model if nothing else can answer, and serve."

    def handle(self, *args: Any, **options: Any) -> None:
        if is_migrated():
            search.index_all(DEFAULT_DB_ALIAS)  # what `migrate` does, too
        else:
            call_command("migrate", interactive=False, verbosity=0)
        self.fetch_model()
        self.greet()
        light_imports.load_twisted()
        # Imported by name, so that the application finds daphne there and adapts it.
        from daphne.cli import CommandLineInterface

        CommandLineInterface().run(
            ["-b", settings.HOST, "-p", str(settings.PORT), "-v", "0", "project.asgi:application"]
        )

    def fetch_model(self) -> None:
        """Fetch the embedded model if nothing else can answer."""
        local = cast(LocalSettings, settings.PROVIDERS["local"])
        if not local.enabled or local.configured or not asyncio.run(is_needed()):
            return
        from providers.local_fetch import LocalModelError, fetch

        self.stdout.write("No Ollama answers, so a small demonstration model is fetched, once.")
        try:
            fetch(local.directory, self.report)
        except LocalModelError as error:
            self.stderr.write(f"{error} The server starts without it.")

    def report(self, progress: str) -> None:
        self.stdout.write(f"  {progress}")
        self.stdout.flush()

    def greet(self) -> None:
        host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
        address = settings.PUBLIC_URL or f"http://{host}:{settings.PORT}"
        call_command("ownerlink", address, stdout=self.stdout)
        self.stdout.flush()
        sys.stderr.flush()


async def is_needed() -> bool:
    """Whether the embedded model is the default, or the only other service does not answer."""
    if settings.CHAT_DEFAULT_PROVIDER:
        return settings.CHAT_DEFAULT_PROVIDER == "local"
    services = [p for p in build(settings.PROVIDERS).values() if p.role is ProviderRole.SERVICE]
    if len(services) > 1 or await connections().filter(enabled=True).aexists():
        return False
    try:
        await services[0].health()
    except ProviderError:
        return True
    finally:
        await services[0].aclose()
    return False
