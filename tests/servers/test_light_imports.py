"""What a server does not load at its start, in a process of its own: the tests load much of it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.harness.clerk import ROOT

# As `serve` does it, up to where it listens.
STARTED = """
import os, sys
from project import light_imports
light_imports.before_django()
os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
from django.core.management import execute_from_command_line
import django
django.setup()
light_imports.load_twisted()
from daphne.cli import CommandLineInterface
import project.asgi, project.urls
from django.conf import settings
from providers.building import build
build(settings.PROVIDERS)
unused = {"cryptography", "cbor2", "OpenSSL", "sqlparse.sql", "autobahn.wamp.message", "requests"}
assert not unused & {*sys.modules}, unused & {*sys.modules}
assert {"ollama", "openai", "aiohttp", "autobahn.twisted.websocket"} <= {*sys.modules}
"""
# It is there all the same.
ASKED_FOR = """
import sqlparse
assert sqlparse.split("SELECT 1; SELECT 2") == ["SELECT 1;", "SELECT 2"]
from autobahn.twisted.wamp import ApplicationSession
assert ApplicationSession.onJoin
"""
# Of a database on which everything has run, no migration is loaded.
MIGRATE = """
import django
django.setup()
from django.core.management import call_command
from project.migrated import is_migrated
assert not is_migrated()
call_command("migrate", verbosity=0)
assert is_migrated()
"""
MIGRATED = """
import sys
import django
django.setup()
from django.db import connection
from project.migrated import is_migrated
assert is_migrated()
assert not [name for name in sys.modules if ".migrations.0" in name]
with connection.cursor() as cursor:
    cursor.execute(
        "DELETE FROM django_migrations WHERE app = 'conversations' AND name LIKE '0031%'"
    )
assert not is_migrated()
"""


def run(script: str, **settings: str) -> None:
    environment = {**os.environ, "SECRET_KEY": "for-this-test", **settings}
    command = [sys.executable, "-c", script]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)


def test_a_start_does_not_load_what_nobody_uses() -> None:
    run(
        STARTED + ASKED_FOR,
        DATABASE_URL="sqlite:///:memory:",
        USE_OPENAI="on",
        OPENAI_API_KEY="none",
    )


def test_migrations_are_not_loaded_to_see_that_all_have_run(tmp_path: Path) -> None:
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'chat.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }
    run(MIGRATE, **settings)
    run(MIGRATED, **settings)
