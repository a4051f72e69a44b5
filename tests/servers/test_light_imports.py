"""What a server does not load at its start, in a process of its own: the tests load much of it."""

import os
import subprocess
import sys

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


def test_a_start_does_not_load_what_nobody_uses() -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": "sqlite:///:memory:",
        "SECRET_KEY": "for-this-test",
        "USE_OPENAI": "on",
        "OPENAI_API_KEY": "none",
    }
    subprocess.run(
        [sys.executable, "-c", STARTED + ASKED_FOR],
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=120,
    )
