"""The environment, read once and cast once. Every variable of the product is named here.

An unusable value ends the start with a sentence that names the variable. The secret key is the
one value that is made when it is missing, and kept in a file beside the database.
"""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)


def _read(cast: str, name: str, default: object) -> object:
    """The value of `name`, or `default` when it is unset or empty."""
    if not os.environ.get(name):
        return default
    try:
        return getattr(env, cast)(name)
    except (EnvError, ValueError) as error:
        raise ImproperlyConfigured(
            f"The environment variable {name} is not usable: {error}"
        ) from None


def text(name: str, default: str = "") -> str:
    return str(_read("str", name, default)).strip()


def flag(name: str, default: bool = False) -> bool:
    return bool(_read("bool", name, default))


def whole(name: str, default: int, *, least: int = 0) -> int:
    value = int(str(_read("int", name, default)))
    if value < least:
        raise ImproperlyConfigured(f"The environment variable {name} has to be {least} or more.")
    return value


def number(name: str, default: float, *, least: float = 0.0) -> float:
    value = float(str(_read("float", name, default)))
    if value < least:
        raise ImproperlyConfigured(f"The environment variable {name} has to be {least} or more.")
    return value


def names(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A comma-separated list, without empty entries."""
    value = text(name)
    return [entry.strip() for entry in value.split(",") if entry.strip()] if value else [*default]


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
