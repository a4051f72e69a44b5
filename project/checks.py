"""System checks of the settings: each refuses or warns of a dangerous one in a sentence.

A setting that is dangerous everywhere is an error: `manage.py` and the server refuse to start with
it. `manage.py check --deploy` warns of a setting that is dangerous once others are let in.
"""

import ipaddress
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.checks import Warning as Caution

from project.database import POSTGRESQL, SQLITE

# Words that documentation puts where a secret belongs; long enough never to be there by chance.
# Those that say so themselves, and those that only look like it.
DEFAULTS = ("changeme", "change-me", "change_me", "insecure")
PLACEHOLDERS = (*DEFAULTS, "secret", "example", "password")
SHORTEST_SECRET = 32
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - looked for, not listened on
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}

Configs = Sequence[AppConfig] | None


def _security(check: Callable[[], list[CheckMessage]], *, deploy: bool = False) -> None:
    def run(app_configs: Configs, **options: Any) -> list[CheckMessage]:
        return check()

    register(run, Tags.security, deploy=deploy)


def refusals() -> list[str]:
    """Why a server must not start with these settings, a sentence each."""
    messages = run_checks(tags=[Tags.security])
    return [
        f"{message.msg} {message.hint or ''}".strip() for message in messages if _fatal(message)
    ]


def _fatal(message: CheckMessage) -> bool:
    return message.is_serious() and not message.is_silenced()


def _public(host: str) -> bool:
    """Whether others than this machine reach what listens on `host`."""
    if host in EVERYWHERE:
        return True
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


# --- Refused everywhere -----------------------------------------------------------------------


def several_processes() -> list[CheckMessage]:
    if settings.WEB_CONCURRENCY == 1 or settings.REDIS_URL:
        return []
    return [
        Error(
            f"WEB_CONCURRENCY asks for {settings.WEB_CONCURRENCY} server processes, and there is "
            "no Redis through which they could share running replies.",
            hint="Set REDIS_URL, or leave WEB_CONCURRENCY at 1.",
            id="chat.E001",
        )
    ]


def any_host() -> list[CheckMessage]:
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Error(
            "ALLOWED_HOSTS has a *: any page could reach this server under a name of its own.",
            hint="Name the hosts under which it is reached, as in ALLOWED_HOSTS=chat.example.com.",
            id="chat.E002",
        )
    ]


def known_secret() -> list[CheckMessage]:
    """Refuse a published SECRET_KEY anywhere, and one that can be guessed where others come in."""
    default = any(word in settings.SECRET_KEY.lower() for word in DEFAULTS)
    others = _public(settings.HOST) or set(settings.ALLOWED_HOSTS) - LOOPBACK or settings.HTTPS_ONLY
    return _guessable_secret() if default or others else []


def _guessable_secret() -> list[CheckMessage]:
    key: str = settings.SECRET_KEY
    words = [word for word in PLACEHOLDERS if word in key.lower()]
    if len(set(key)) >= 5 and len(key) >= SHORTEST_SECRET and not words:
        return []
    return [
        Error(
            "SECRET_KEY can be guessed: it is short, or has words of an example in it. "
            "Whoever knows it can sign in as anybody.",
            hint="Leave it out to have one made, or make one: openssl rand -base64 48",
            id="chat.E003",
        )
    ]


def public_debug() -> list[CheckMessage]:
    if not (settings.DEBUG and _public(settings.HOST)):
        return []
    return [
        Error(
            f"DEBUG is on and HOST={settings.HOST} lets others in: error pages would show them "
            "the server's insides.",
            hint="Leave DEBUG off, or HOST on 127.0.0.1.",
            id="chat.E004",
        )
    ]


# --- Warned of before others are let in -------------------------------------------------------


def guessable_secret() -> list[CheckMessage]:
    return [] if known_secret() else _guessable_secret()


def shared_secret() -> list[CheckMessage]:
    if settings.SECRET_KEY_GIVEN or not settings.REDIS_URL:
        return []
    return [
        Caution(
            "SECRET_KEY is not set: each machine makes one of its own, and people are signed out "
            "whenever another machine answers.",
            hint="Set the same SECRET_KEY for every process.",
            id="chat.W001",
        )
    ]


def shared_database() -> list[CheckMessage]:
    if not settings.REDIS_URL or settings.DATABASES["default"]["ENGINE"] != SQLITE:
        return []
    return [
        Caution(
            "Several processes share Redis, but the database is SQLite: they have to be on one "
            "machine, with the file on its own disk.",
            hint="Set DATABASE_URL=postgres://user:password@host/name.",
            id="chat.W002",
        )
    ]


def names_of_the_server() -> list[CheckMessage]:
    if not _public(settings.HOST) or set(settings.ALLOWED_HOSTS) - LOOPBACK:
        return []
    return [
        Caution(
            f"HOST={settings.HOST} lets others connect, but ALLOWED_HOSTS names only this machine: "
            "they are answered 400.",
            hint="Say where people reach the server, as in PUBLIC_URL=https://chat.example.com.",
            id="chat.W003",
        )
    ]


def plain_http() -> list[CheckMessage]:
    if settings.HTTPS_ONLY:
        return []
    return [
        Caution(
            "HTTPS_ONLY is off: passwords and cookies may cross the network in the clear.",
            hint="Put a proxy with TLS in front that sets X-Forwarded-Proto; set PUBLIC_URL=https://…",
            id="chat.W004",
        )
    ]


def readable_cookies() -> list[CheckMessage]:
    if settings.SESSION_COOKIE_HTTPONLY:
        return []
    return [
        Error(
            "SESSION_COOKIE_HTTPONLY is off: scripts could read who is signed in.", id="chat.E005"
        )
    ]


def open_services() -> list[CheckMessage]:
    """A password is the least that keeps a service on the network ours."""
    database, redis = settings.DATABASES["default"], urlsplit(settings.REDIS_URL)
    messages: list[CheckMessage] = []
    if redis.hostname and not redis.password and _public(redis.hostname):
        messages.append(
            Caution(
                "REDIS_URL has no password: whoever reaches that Redis reads running replies.",
                hint="Give Redis a password, as in redis://:password@host:6379/0.",
                id="chat.W005",
            )
        )
    host = str(database["HOST"])
    remote = database["ENGINE"] == POSTGRESQL and not host.startswith("/") and _public(host)
    if remote and not database["PASSWORD"]:
        messages.append(
            Caution(
                "DATABASE_URL has no password, and the database is on another machine.",
                hint="Write it as postgres://user:password@host/name.",
                id="chat.W006",
            )
        )
    return messages


for _check in (several_processes, any_host, known_secret, public_debug, readable_cookies):
    _security(_check)
for _check in (
    guessable_secret,
    shared_secret,
    shared_database,
    names_of_the_server,
    plain_http,
    open_services,
):
    _security(_check, deploy=True)
