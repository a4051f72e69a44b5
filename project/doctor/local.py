"""What the server needs, tried from where `manage.py doctor` runs."""

import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import redis
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.checks import run_checks
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from conversations.files.models import FileContent
from project.doctor import Finding, note, ok, problem
from providers.base import Provider, ProviderRole
from providers.errors import ProviderError, ProviderUnavailable
from streaming.connections import Connections
from streaming.routing import Router

TRIES = 5
# More than this for one question (seconds) is another continent, or a machine in distress.
SLOW = 0.02
LEAST_SPACE = 1_000_000_000  # bytes


def _latency(ask: Any) -> float:
    """Seconds that `ask()` takes, the middle one of a few tries."""
    taken = []
    for _ in range(TRIES):
        start = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _answered(what: str, seconds: float) -> Finding:
    answered = f"{what} answers in {seconds * 1000:.1f} ms"
    if seconds < SLOW:
        return ok(f"{answered}.")
    return note(f"{answered}, which is slow.", "Bring it closer to the server, or give it room.")


def settings_say() -> Iterator[Finding]:
    """Pass on the messages of `check --deploy`."""
    checked = run_checks(include_deployment_checks=True)
    messages = [message for message in checked if not message.is_silenced()]
    for message in messages:
        make = problem if message.is_serious() else note
        yield make(message.msg, message.hint or "")
    if not messages:
        yield ok("The settings are fine.")


# --- Database ---------------------------------------------------------------------------------


def database() -> Iterator[Finding]:
    try:
        connection.ensure_connection()
        yield _answered(_version(), _latency(_ask))
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        yield from _postgresql() if connection.vendor == "postgresql" else _sqlite()
    except DatabaseError as error:
        yield problem(
            f"The database does not answer: {str(error).strip().splitlines()[0]}.",
            "Start it, and check that DATABASE_URL names it, its user and its password.",
        )
        return
    finally:
        connection.close()
    if pending:
        yield problem(
            f"{len(pending)} migrations have not run.", "Run: .venv/bin/python manage.py migrate"
        )
    else:
        yield ok("The database is up to date.")


def _ask(query: str = "SELECT 1") -> str:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return str(cursor.fetchone()[0])


def _version() -> str:
    if connection.vendor == "postgresql":
        return f"PostgreSQL {_ask('SHOW server_version').split()[0]}"
    return f"SQLite {_ask('SELECT sqlite_version()')}"


def _postgresql() -> Iterator[Finding]:
    room = int(_ask("SHOW max_connections")) - int(_ask("SHOW superuser_reserved_connections"))
    pool = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    processes = room // pool
    if processes < settings.WEB_CONCURRENCY:
        yield problem(
            f"PostgreSQL allows {room} connections; {settings.WEB_CONCURRENCY} processes may want "
            f"{pool} each.",
            "Raise max_connections, or lower DATABASE_POOL_SIZE.",
        )
    else:
        yield ok(f"PostgreSQL has connections for {processes} server processes.")
    # What search needs of the locale, whichever of PostgreSQL's providers it is of.
    if _ask("SELECT lower('Ä') = 'ä'") == "False":
        yield note(
            "The database's locale is C: search is case-sensitive for letters beyond A to Z.",
            "Create the database with a UTF-8 locale (LC_CTYPE 'C.UTF-8' is enough).",
        )


def _sqlite() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.STATE_DIR).free
    if free < LEAST_SPACE:
        yield problem(f"The disk of the database has {free / 1e6:.0f} MB left.", "Free some space.")
    else:
        yield ok(f"The disk of the database has {free / 1e9:.0f} GB left.")


# --- Files ------------------------------------------------------------------------------------


def files() -> Iterator[Finding]:
    """Whether people's files can be kept, and whether those that the database knows are here: else
    the servers do not share one store."""
    name = f"doctor-{uuid4().hex}"
    try:
        default_storage.save(name, ContentFile(b"here"))
        default_storage.delete(name)
        newest = FileContent.objects.filter(status=FileContent.Status.READY).order_by("-created_at")
        missing = [
            content
            for content in newest.only("owner_id", "kind")[:TRIES]
            if not default_storage.exists(
                content.image_path if content.kind == "image" else content.path
            )
        ]
    except DatabaseError:
        return  # told already
    except OSError as error:
        yield problem(
            f"Files cannot be stored: {error.strerror or str(error).rstrip('.')}.",
            "Let the server write to the folder in CHAT_FILES_DIR, or to the bucket.",
        )
        return
    finally:
        connection.close()
    if missing:
        yield problem(
            "Uploaded files are missing from this server's storage.",
            "Let CHAT_FILES_DIR be one folder for all servers, or restore it from a backup.",
        )
    else:
        yield ok("Files can be stored, and the newest are there.")


# --- Redis ------------------------------------------------------------------------------------


def redis_server() -> Iterator[Finding]:
    if not settings.REDIS_URL:
        yield ok("No Redis is configured: the server is one process.")
        return
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5)
    try:
        with client:
            about: dict[str, Any] = client.info()
            yield _answered(f"Redis {about['redis_version']}", _latency(client.ping))
            yield from _redis_keeps(about)
    except redis.AuthenticationError:
        yield problem("Redis does not take the password.", "Put the right one into REDIS_URL.")
    except redis.RedisError as error:
        yield problem(
            f"Redis does not answer: {error}.",
            "Start it, and check that REDIS_URL names it. Until then new messages are refused.",
        )


def _redis_keeps(about: dict[str, Any]) -> Iterator[Finding]:
    if tuple(map(int, about["redis_version"].split(".")[:2])) < (6, 2):
        yield problem("Redis is older than 6.2.", "Install a newer one.")
    if about.get("maxmemory") and about.get("maxmemory_policy") != "noeviction":
        yield problem(
            f"Redis throws away what it holds when it is full ({about['maxmemory_policy']}): "
            "running replies would lose text.",
            "Set maxmemory-policy to noeviction.",
        )
    if not about.get("aof_enabled"):
        yield note(
            "Redis keeps no append-only file: when it ends, replies that run then are cut.",
            "Set appendonly to yes.",
        )


# --- Providers --------------------------------------------------------------------------------


def providers() -> list[Finding]:
    return async_to_sync(_providers)()


async def _providers() -> list[Finding]:
    router = Router()
    try:
        with suppress(DatabaseError):  # which is told elsewhere
            await Connections(router, {}).read()
        chosen = await router.choose()
        return [
            await _provider(router, provider, needed=provider is chosen)
            for provider in router.providers.values()
            if provider.role is not ProviderRole.BY_NAME or provider is chosen
        ]
    finally:
        await router.aclose()


async def _provider(router: Router, provider: Provider, *, needed: bool) -> Finding:
    """The one that answers people has to work; of the others it is worth knowing."""
    role = ", which answers people," if needed else ""
    make = problem if needed else note
    try:
        models = await router.models(provider)
    except ProviderUnavailable:
        return make(
            f"The provider {provider.name}{role} does not answer.",
            "Start it, and check that its address in the settings is right.",
        )
    except ProviderError as error:
        return make(f"The provider {provider.name}{role} refuses: {error}", "")
    if not models:
        return make(
            f"The provider {provider.name}{role} has no model that CHAT_ALLOWED_MODELS allows.",
            "Pull one, for example: ollama pull llama3.2",
        )
    return ok(f"The provider {provider.name}{role} answers and has {len(models)} models.")
