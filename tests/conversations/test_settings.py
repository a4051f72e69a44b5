"""Settings come from the environment; an unusable one is named when the server starts."""

import os
import runpy
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.harness.server import VARIABLES

SETTINGS = str(Path(__file__).parents[2] / "project" / "settings.py")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'state' / 'chat.sqlite3'}")


def settings(**variables: str) -> dict[str, Any]:
    """The settings as they would be with these variables."""
    os.environ.update(variables)
    return runpy.run_path(SETTINGS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "8000.5"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "nosuch://host/name"),
        ("USE_OPENAI", "2"),
        ("INFERENCE_SERVICE_TIMEOUT", "soon"),
        ("INFERENCE_SERVICE_TIMEOUT", "0"),
        ("INFERENCE_SERVICE_TIMEOUT", "nan"),
        ("OLLAMA_CONTEXT_LENGTH", "-1"),
        ("CHAT_DEFAULT_PROVIDER", "claude"),
        ("CHAT_FALLBACK_PROVIDERS", "openai,claude"),
        ("LOCAL_MODEL", "yes"),
        ("CHAT_HEARTBEAT_SECONDS", "0"),
        ("CHAT_SOCKETS_PER_USER", "0.5"),
        ("PROVIDER_GAP_TIMEOUT", "-1"),
        ("CHAT_MAX_TOKENS", "0"),
        ("CHAT_MAX_TEMPERATURE", "2.1"),
        ("CHAT_DEFAULT_MAX_TOKENS", "1025"),
        ("CHAT_DEFAULT_MAX_TOKENS", "255"),
        ("CHAT_REASONING_TOKENS", "-1"),
        ("CHAT_REQUESTS_PER_MINUTE", "-1"),
        ("CHAT_CONCURRENT_REQUESTS", "many"),
        ("PROVIDER_MAX_CONCURRENCY", "some"),
        ("PROVIDER_MAX_CONCURRENCY", "ollama=x"),
        ("PROVIDER_MAX_CONCURRENCY", "=4"),
        ("PROVIDER_MAX_CONCURRENCY", "ollama=4,claude=2"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CORS_ALLOWED_ORIGINS", "app.example.com"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example.com/path"),
        ("CORS_ALLOWED_ORIGINS", "https://*.example.com"),
        ("CORS_ALLOWED_ORIGINS", "null"),
    ],
)
def test_an_unusable_value_is_named(name: str, value: str):
    """The error is a sentence with the variable in it."""
    with pytest.raises(ImproperlyConfigured) as refusal:
        settings(**{name: value})
    assert name in str(refusal.value)
    assert len(str(refusal.value)) < 300


def test_the_defaults():
    """Without any variable: loopback, no debugging, Ollama at its usual place."""
    found = settings()
    assert found["DEBUG"] is False
    assert (found["HOST"], found["PORT"]) == ("127.0.0.1", 8000)
    assert found["PROVIDERS"]["ollama"].base_url == "http://localhost:11434"
    assert found["PROVIDERS"]["openai"].configured is False
    assert found["PROVIDERS"]["inference"].timeout_s == 30.0
    assert found["PROVIDERS"]["local"].enabled is True
    assert set(found["ALLOWED_HOSTS"]) == {"localhost", "127.0.0.1", "[::1]"}
    assert found["CHAT_HEARTBEAT_SECONDS"] == 10.0
    assert (found["CHAT_REQUESTS_PER_MINUTE"], found["CHAT_CONCURRENT_REQUESTS"]) == (20, 3)
    assert found["PROVIDER_MAX_CONCURRENCY"] == {"": 64}
    assert found["CHAT_PARAMETERS"]["max_tokens"][:3] == (256, 1024, 512)
    assert found["CHAT_PARAMETERS"]["temperature"][:3] == (0.0, 1.0, 0.7)
    assert found["CHAT_REASONING_TOKENS"] == 4096
    assert found["CORS_ALLOWED_ORIGINS"] == []


def test_values_are_read():
    """Words for yes and no, lists with spaces, the second name of Ollama's address."""
    found = settings(
        DEBUG="on",
        PORT="9000",
        ALLOWED_HOSTS=" chat.example.com , localhost,",
        OLLAMA_HOST="http://gpu:11434",
        USE_OPENAI="true",
        CHAT_FALLBACK_PROVIDERS="openai, echo",
        PROVIDER_MAX_CONCURRENCY="ollama=4, openai=64",
        CORS_ALLOWED_ORIGINS="https://App.example.com/, http://[::1]:3000",
    )
    assert (found["DEBUG"], found["PORT"]) == (True, 9000)
    assert found["PROVIDERS"]["openai"].configured is True
    assert found["ALLOWED_HOSTS"] == ["chat.example.com", "localhost"]
    assert found["PROVIDERS"]["ollama"].base_url == "http://gpu:11434"
    assert found["CHAT_FALLBACK_PROVIDERS"] == ["openai", "echo"]
    assert found["PROVIDER_MAX_CONCURRENCY"] == {"": 64, "ollama": 4, "openai": 64}
    assert settings(PROVIDER_MAX_CONCURRENCY="2")["PROVIDER_MAX_CONCURRENCY"] == {"": 2}
    assert found["CORS_ALLOWED_ORIGINS"] == ["https://app.example.com", "http://[::1]:3000"]
    chosen = settings(OLLAMA_BASE_URL="http://a:1", OLLAMA_HOST="http://b:1")["PROVIDERS"]
    assert chosen["ollama"].base_url == "http://a:1"


def test_the_bounds_of_a_chat_can_be_moved():
    """The least and the default follow the most."""
    wide = settings(
        CHAT_MAX_TOKENS="9000", CHAT_DEFAULT_MAX_TOKENS="4000", CHAT_MAX_TEMPERATURE="2"
    )
    assert wide["CHAT_PARAMETERS"]["max_tokens"][:3] == (256, 9000, 4000)
    assert wide["CHAT_PARAMETERS"]["temperature"][:3] == (0.0, 2.0, 0.7)
    narrow = settings(CHAT_MAX_TOKENS="100", CHAT_DEFAULT_MAX_TOKENS="", CHAT_MAX_TEMPERATURE="0.5")
    assert narrow["CHAT_PARAMETERS"]["max_tokens"][:3] == (100, 100, 100)
    assert narrow["CHAT_PARAMETERS"]["temperature"][:3] == (0.0, 0.5, 0.5)


def test_a_secret_key_is_made_once_and_kept(tmp_path: Path):
    """Beside the database, readable by its owner alone; a given one wins."""
    key = settings()["SECRET_KEY"]
    file = tmp_path / "state" / "secret_key"
    assert len(key) > 50
    assert file.read_text().strip() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert settings()["SECRET_KEY"] == key
    assert settings(SECRET_KEY="given")["SECRET_KEY"] == "given"
    assert [path for path in file.parent.iterdir() if path.is_file()] == [file]


def test_sqlite_is_set_up_for_many_writers():
    """Without these, writers at the same time end in "database is locked"."""
    database = settings()["DATABASES"]["default"]
    options = database["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20
    assert "journal_mode=WAL" in options["init_command"]
    assert "synchronous=NORMAL" in options["init_command"]
