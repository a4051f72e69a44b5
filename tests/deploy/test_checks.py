"""Dangerous settings are refused in a sentence, and others are told before people are let in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.clerk import ROOT
from tests.harness.server import VARIABLES

GOOD = {
    "SECRET_KEY": "k0jNXwLq4v7RtZb2Pm" * 4,
    "HTTPS_ONLY": "on",
    "HOST": "0.0.0.0",
    "ALLOWED_HOSTS": "chat.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://chat.example.org",
}


# All others load every view: half of the time.
OURS = ("--tag", "security")


def check(tmp_path: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check` with these variables and no others."""
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'chat.sqlite3'}"}
    return subprocess.run(
        [sys.executable, "manage.py", "check", *options],
        cwd=ROOT,
        env={**os.environ, **dict.fromkeys(VARIABLES, ""), **database, **variables},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"WEB_CONCURRENCY": "4"}, "there is no Redis through which"),
        ({"ALLOWED_HOSTS": "chat.example.org,*"}, "ALLOWED_HOSTS has a *"),
        ({"SECRET_KEY": "django-insecure-0123456789abcdefghijklmnop"}, "can be guessed"),
        ({"SECRET_KEY": "short", "HOST": "0.0.0.0"}, "can be guessed"),
        ({"SECRET_KEY": "x" * 64, "ALLOWED_HOSTS": "chat.example.org"}, "can be guessed"),
        ({"DEBUG": "on", "HOST": "0.0.0.0"}, "DEBUG is on and HOST=0.0.0.0 lets others in"),
        ({"DEBUG": "on", "HOST": "192.168.1.2"}, "DEBUG is on"),
        ({"DEBUG": "on", "HOST": "chat.example.org"}, "DEBUG is on"),
    ],
)
def test_danger_is_refused(tmp_path: Path, variables: dict[str, str], sentence: str):
    """By every command, whoever the server is for."""
    done = check(tmp_path, *OURS, **variables)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("given", ["chat.example.org", "https://chat.example.org/chat", "ftp://x"])
def test_a_public_address_is_an_origin(tmp_path: Path, given: str):
    done = check(tmp_path, PUBLIC_URL=given)
    assert done.returncode == 1
    assert "PUBLIC_URL is not usable" in done.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"DEBUG": "on"},
        {"DEBUG": "on", "HOST": "::1"},
        {"SECRET_KEY": "test-secret"},
        {"WEB_CONCURRENCY": "4", "REDIS_URL": "redis://localhost"},
    ],
)
def test_what_is_usual_passes(tmp_path: Path, variables: dict[str, str]):
    done = check(tmp_path, *OURS, **variables)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SECRET_KEY": "short", "HOST": "127.0.0.1", "ALLOWED_HOSTS": ""}, "can be guessed"),
        ({"HTTPS_ONLY": "off"}, "may cross the network in the clear"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS names only this machine"),
        ({"REDIS_URL": "redis://redis"}, "REDIS_URL has no password"),
        ({"REDIS_URL": "redis://localhost"}, "the database is SQLite"),
        ({"REDIS_URL": "redis://localhost", "SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"DATABASE_URL": "postgres://user@db.example.org/chat"}, "DATABASE_URL has no password"),
    ],
)
def test_others_are_told_with_deploy(tmp_path: Path, variables: dict[str, str], sentence: str):
    """A warning, that `--fail-level` makes an error."""
    done = check(tmp_path, "--deploy", "--fail-level", "WARNING", *OURS, **{**GOOD, **variables})
    assert done.returncode == 1
    assert sentence in done.stderr


def test_a_careful_deployment_has_nothing_to_be_told(tmp_path: Path):
    shared = {
        "DATABASE_URL": "postgres://user:word@db.example.org/chat",
        "REDIS_URL": "redis://:word@redis.example.org",
        "WEB_CONCURRENCY": "4",
    }
    done = check(tmp_path, "--deploy", "--fail-level", "WARNING", **GOOD, **shared)
    assert done.returncode == 0, done.stderr


def test_the_public_address_is_enough(tmp_path: Path):
    """Names, origins and HTTPS follow from it."""
    alone = {"SECRET_KEY": GOOD["SECRET_KEY"], "PUBLIC_URL": "https://chat.example.org"}
    done = check(tmp_path, "--deploy", "--fail-level", "WARNING", **alone, HOST="0.0.0.0")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_a_server_does_not_start_with_danger(own_server, kind):
    """It says why, in one sentence."""
    server = own_server(kind, ALLOWED_HOSTS="*")
    assert server.run_until_it_ends() != 0
    assert "ALLOWED_HOSTS has a *" in server.log
