import sys
from pathlib import Path
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from project import backup


class Command(BaseCommand):
    help = (
        "Write accounts, conversations, messages, files, keys and usage into one file, while the "
        "server runs. `restore` takes it into an empty SQLite or PostgreSQL."
    )
    requires_system_checks = [Tags.security]  # all others load every view

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a new file, or - for standard output")
        parser.add_argument(
            "--with-secrets",
            action="store_true",
            help="also the keys of connections, encrypted: only this SECRET_KEY opens them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        piped, path = options["file"] == "-", Path(options["file"])
        secrets = options["with_secrets"]
        if piped and sys.stdout.isatty():
            raise CommandError("A backup is no text. Send it to a file: backup - >chat.zip")
        try:
            if piped:
                manifest = backup.stream(sys.stdout.buffer, with_secrets=secrets)
            else:
                manifest = backup.write(path, with_secrets=secrets)
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        report = self.stderr if piped else self.stdout
        for name, table in manifest["tables"].items():
            report.write(f"{table['rows']:>10} {name}", style_func=str)
        report.write(f"{manifest['files']['count']:>10} stored files", style_func=str)
        if not piped:
            self.stdout.write(f"{path}: {path.stat().st_size / 1e6:.1f} MB.")
