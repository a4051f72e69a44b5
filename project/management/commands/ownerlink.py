from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandParser

from conversations.people.models import User
from project.pages import setup_path


class Command(BaseCommand):
    help = "Print the one-time link that creates the owner's account, unless there is an account."
    requires_system_checks = [Tags.security]  # all others load every view

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "address",
            nargs="?",
            help="of the server, as its owner reaches it: https://… (PUBLIC_URL, or this machine)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["address"] or settings.PUBLIC_URL or f"http://localhost:{settings.PORT}"
        address = given.rstrip("/")
        if User.objects.exists():
            self.stdout.write(f"Chat Playground: {address}/chat")
        else:
            self.stdout.write("Create the owner account with this one-time link:")
            self.stdout.write(f"  {address}{setup_path()}")
