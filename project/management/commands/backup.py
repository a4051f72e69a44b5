from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from project import backup


class Command(BaseCommand):
    help = (
        "Write accounts, conversations, messages, keys and usage into one file, while the server "
        "runs. `restore` takes it into an empty SQLite or PostgreSQL."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            manifest = backup.write(path)
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        for name, table in manifest["tables"].items():
            self.stdout.write(f"{table['rows']:>10} {name}")
        self.stdout.write(f"{path}: {path.stat().st_size / 1e6:.1f} MB.")
