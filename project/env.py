"""The environment, read once and cast once. Every variable of the product is named here.

An unusable value ends the start with a sentence that names the variable. The secret key is the
one value that is made when it is missing, and kept in a file beside the database.
"""

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
WORDS = {"1": True, "on": True, "true": True, "yes": True} | {
    "0": False,
    "off": False,
    "false": False,
    "no": False,
}
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:]+\]|[\w.-]+)(:\d+)?", re.ASCII)
T = TypeVar("T")

load_dotenv(BASE_DIR / ".env")


def _read(name: str, default: T, cast: Callable[[str], T], wanted: str) -> T:
    """The value of `name`, or `default` when it is unset or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        return cast(value)
    except (KeyError, ValueError):
        raise ImproperlyConfigured(
            f"The environment variable {name} is not usable: {value!r} is not {wanted}."
        ) from None


def text(name: str, default: str = "") -> str:
    return _read(name, default, str, "text")


def flag(name: str, default: bool = False) -> bool:
    return _read(name, default, lambda value: WORDS[value.lower()], "on or off")


def whole(name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    return _within(name, _read(name, default, int, "a whole number"), least, most)


def number(name: str, default: float, *, least: float = 0.0, most: float | None = None) -> float:
    return _within(name, _read(name, default, float, "a number"), least, most)


def _within(name: str, value: T, least: T, most: T | None) -> T:
    if not value >= least:  # type: ignore[operator]
        raise ImproperlyConfigured(f"The environment variable {name} has to be {least} or more.")
    if most is not None and value > most:  # type: ignore[operator]
        raise ImproperlyConfigured(f"The environment variable {name} has to be {most} or less.")
    return value


def shares(name: str, usual: int) -> dict[str, int]:
    """One number for all (`64`), or one each (`ollama=4,openai=64`): by name, and under `""`
    that of whoever is not named."""
    shares = {"": usual}
    for entry in names(name):
        owner, _, share = entry.rpartition("=")
        if not share.strip().isdecimal() or ("=" in entry) != bool(owner.strip()):
            raise ImproperlyConfigured(
                f"The environment variable {name} is not usable: {entry!r} is neither a number "
                "nor a name and a number, as in ollama=4,openai=64."
            )
        shares[owner.strip()] = int(share)
    return shares


def names(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A comma-separated list, without empty entries."""
    value = text(name)
    return [entry.strip() for entry in value.split(",") if entry.strip()] if value else [*default]


def origins(name: str) -> list[str]:
    """A comma-separated list of origins, as in `https://app.example.com`: no path, no `*`."""
    origins = [entry.rstrip("/").lower() for entry in names(name)]
    for entry in origins:
        if not _ORIGIN.fullmatch(entry):
            raise ImproperlyConfigured(
                f"The environment variable {name} is not usable: {entry!r} is not an origin; "
                "write each as https://app.example.com or http://localhost:3000."
            )
    return origins


def public_url(name: str) -> str:
    """The address under which people reach the server, as in `https://chat.example.com`, or
    nothing."""
    value = text(name).rstrip("/").lower()
    if value and not _ORIGIN.fullmatch(value):
        raise ImproperlyConfigured(
            f"The environment variable {name} is not usable: write it as https://chat.example.com, "
            "without a path."
        )
    return value


def redis_url(name: str) -> str:
    """The address of a Redis, or nothing."""
    value = text(name)
    if value and urlsplit(value).scheme not in ("redis", "rediss"):
        raise ImproperlyConfigured(
            f"The environment variable {name} is not usable: write it as redis://host:6379/0."
        )
    return value


def choice(name: str, options: tuple[str, ...], default: str) -> str:
    value = text(name, default)
    if value not in options:
        named = ", ".join(filter(None, options))
        raise ImproperlyConfigured(f"The environment variable {name} has to be one of {named}.")
    return value


def secret_key(beside: Path) -> str:
    """`SECRET_KEY`, or the one kept in `beside`/secret_key, made on the first run.

    The file is created exclusively, so that two processes starting together end with one key.
    """
    if given := text("SECRET_KEY"):
        return given
    path = beside / "secret_key"
    beside.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".secret_key.{os.getpid()}")
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
