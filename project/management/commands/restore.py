import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.checks import Tags
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from project import backup
from project.backup_files import Manifest


class Command(BaseCommand):
    help = "Take a file of `backup` into the database, which has to be empty: all of it or nothing."
    requires_system_checks = [Tags.security]  # all others load every view

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="of `backup`, or - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        try:
            manifest = self.read(options["file"])
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        rows = sum(table["rows"] for table in manifest["tables"].values())
        self.stdout.write(
            f"{rows} rows of {manifest['made_at']} are in the database, as they were."
        )

    def read(self, name: str) -> Manifest:
        """Read the file. What comes from standard input is kept in a file first: the list of what
        a zip holds is at its end."""
        if name != "-":
            return backup.read(Path(name))
        with tempfile.TemporaryFile() as spooled:
            shutil.copyfileobj(sys.stdin.buffer, spooled)
            return backup.read(spooled)
