import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.checks import Tags
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.errors import Problem
from conversations.people import services as people


class Command(BaseCommand):
    help = (
        "Create an account. Without --password-stdin the password is asked for; where there is "
        "no terminal, the account gets none, and only API keys open it."
    )
    requires_system_checks = [Tags.security]  # all others load every view

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
        parser.add_argument(
            "--staff",
            action="store_true",
            help="a member of staff",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)  # it may be the first command
        password = self.stdin_line() if options["password_stdin"] else self.asked_password()
        if password == "":
            raise CommandError("The password is empty.")
        try:
            user = people.create_user(
                username=options["name"],
                password=password,
                staff=options["staff"],
                any_password=True,
            )
            if password is not None:
                validate_password(password, user)
        except ValidationError as weak:
            self.stderr.write(f"The password is weak: {' '.join(weak.messages)}")
        except Problem as problem:
            raise CommandError(problem.message) from None
        self.stderr.write(
            f"Created {options['name']}{', without a password' if password is None else ''}."
        )

    def asked_password(self) -> str | None:
        """Ask for a password twice; `None` without a terminal."""
        if not sys.stdin.isatty():
            return None
        password = getpass("Password: ")
        if getpass("Again: ") != password:
            raise CommandError("The passwords do not match.")
        return password

    def stdin_line(self) -> str:
        """The first line of standard input, without its end."""
        return sys.stdin.readline().rstrip("\r\n")
