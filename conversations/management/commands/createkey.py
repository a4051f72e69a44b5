from typing import Any

from django.core.checks import Tags
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.people import keys
from conversations.people.models import User


class Command(BaseCommand):
    help = "Create an API key for an account and print it, alone. It is not shown again."
    requires_system_checks = [Tags.security]  # all others load every view

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the account's name")
        parser.add_argument("--label", default="command line", help="what the key is for")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)  # it may be the first command
        try:
            user = User.objects.get_by_natural_key(options["name"])
        except User.DoesNotExist:
            raise CommandError(f"Account not found: {options['name']}.") from None
        _, secret = keys.create(user=user, name=options["label"])
        self.stdout.write(secret)
