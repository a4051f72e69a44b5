import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Migrate, fetch the embedded model if nothing else can answer, and serve."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        self.fetch_model()
        self.greet()
        # Imported by name, so that the application finds daphne there and adapts it.
        from daphne.cli import CommandLineInterface

        CommandLineInterface().run(
            ["-b", settings.HOST, "-p", str(settings.PORT), "-v", "0", "project.asgi:application"]
        )

    def fetch_model(self) -> None:
        """Fetch the embedded model on the first run of a machine that has no other."""
        if settings.LOCAL_MODEL == "off" or settings.CHAT_DEFAULT_PROVIDER not in ("", "local"):
            return
        configured = settings.USE_OPENAI or settings.INFERENCE_SERVICE_URL
        if configured and settings.CHAT_DEFAULT_PROVIDER != "local":
            return
        from providers.local_fetch import LocalModelError, fetch
        from providers.local_model import LocalModel

        if LocalModel(settings.LOCAL_MODEL_DIR).available() or ollama_answers():
            return
        self.stdout.write("No Ollama answers, so a small demonstration model is fetched, once.")
        try:
            fetch(settings.LOCAL_MODEL_DIR, self.report)
        except LocalModelError as error:
            self.stderr.write(f"{error} The server starts without it.")

    def report(self, progress: str) -> None:
        self.stdout.write(f"  {progress}")
        self.stdout.flush()

    def greet(self) -> None:
        host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
        address = f"http://{host}:{settings.PORT}"
        call_command("ownerlink", address, stdout=self.stdout)
        self.stdout.flush()
        sys.stderr.flush()


def ollama_answers() -> bool:
    """Whether an Ollama is reachable."""
    import asyncio

    from providers.errors import ProviderError
    from providers.ollama import OllamaProvider

    async def ask() -> bool:
        provider = OllamaProvider(settings.OLLAMA_BASE_URL)
        try:
            await provider.health()
        except ProviderError:
            return False
        finally:
            await provider.aclose()
        return True

    return asyncio.run(ask())
