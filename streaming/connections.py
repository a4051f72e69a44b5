"""The connections of this process: those of the settings, and those that staff have added.

They are read when the process starts and when a hint tells of a change (or, should one be lost,
after a while), never for a request: whoever answers is known from memory.
"""

import asyncio
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext as _

from conversations.connections import services
from conversations.connections.models import Connection
from conversations.connections.serializers import shape
from conversations.errors import InvalidInput, NotFound
from conversations.secrets import SecretUnreadable, decrypt
from providers.base import Provider, ProviderRole
from providers.building import build
from providers.config import (
    Access,
    InferenceSettings,
    OllamaSettings,
    OpenAISettings,
    ProviderSettings,
    Timeouts,
)
from providers.errors import ModelLoading, ProviderError
from streaming import hints
from streaming.background import BackgroundLoop
from streaming.db_threads import db_threads
from streaming.routing import AllowedModels, Defaults, Router

# How often they are read again without a hint, in seconds.
READ_AGAIN_S = 30.0
# How long a test may take, and how long the health of all may, in seconds.
TEST_S = 4.5
HEALTH_S = 2.5
# Of the names that a test tells.
NAMES = 500
# Makes the ids of those of the settings, which are always the same.
_IDS = UUID("6a3b6a0e-54d5-5c53-9a55-0b9df8f6a7c1")
KEY_LOST = "Its key cannot be decrypted: SECRET_KEY has changed. Enter the key again."
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Read:
    """The rows of the database, and the settings of the providers that can be built from them."""

    rows: tuple[Connection, ...]
    settings: Mapping[str, ProviderSettings]
    defaults: Defaults


class Connections:
    """Keeps the router's providers as the database says. `capacities` are those of the slots."""

    def __init__(self, router: Router, capacities: MutableMapping[str, int]) -> None:
        self._router, self._capacities = router, capacities
        self._usual = dict(capacities)
        self._built: dict[str, tuple[ProviderSettings, Provider]] = {}
        self._reading = asyncio.Lock()
        self._channel = ""
        self._reads = BackgroundLoop(
            "connections",
            self.read,
            pause=lambda: READ_AGAIN_S,
            outage=(DatabaseError,),
            retry=READ_AGAIN_S,
        )
        self._hears = BackgroundLoop("news of connections", self._hear, pause=lambda: 0.0)

    async def start(self) -> None:
        """Read them, and again whenever they change."""
        with suppress(DatabaseError):  # then later
            await self.read()
        self._reads.start()
        self._hears.start()

    async def aclose(self) -> None:
        """End the reading. What is built is closed with the router."""
        await self._hears.stop()
        await self._reads.stop()

    async def changed(self) -> None:
        """Read them here, and tell the other processes. Call it after a change."""
        await self.read()
        await hints.connections_changed()

    async def models_changed(self, name: str) -> None:
        """Ask for the models of a connection again, here and in the other processes."""
        self._router.forget(name)
        await hints.connections_changed(name)

    async def read(self) -> None:
        """Build what is new or has changed, and have the router use it."""
        async with self._reading:
            read = await self._stored()
            new = {
                name: made
                for name, made in read.settings.items()
                if name not in self._built or self._built[name][0] != made
            }
            # In a thread: a client library takes up to a third of a second to load.
            providers = await asyncio.to_thread(build, new) if new else {}
            before = self._built
            self._built = {
                name: (made, providers.get(name) or before[name][1])
                for name, made in read.settings.items()
            }
            allowed = {row.name: _allowed_models(row) for row in read.rows}
            self._set_places(read.rows)
            self._router.take(
                {name: provider for name, (_, provider) in self._built.items()},
                allowed,
                read.defaults,
            )

    def _set_places(self, rows: tuple[Connection, ...]) -> None:
        chosen = {row.name: row.places for row in rows if row.places}
        self._capacities.update(chosen)
        for name in [*self._capacities]:
            if name not in chosen and name not in self._usual:
                del self._capacities[name]

    async def _stored(self) -> _Read:
        def read() -> _Read:
            rows = tuple(services.connections())
            defaults = services.defaults()
            return _Read(
                rows,
                {
                    row.name: made
                    for row in rows
                    if row.enabled and (made := _settings_of(row)) is not None
                },
                Defaults(defaults.provider, defaults.model, tuple(defaults.fallbacks)),
            )

        async with db_threads.borrow():
            stored: _Read = await database_sync_to_async(read)()
            return stored

    async def _hear(self) -> None:
        """Wait for news, and act on it."""
        layer = get_channel_layer()
        if not self._channel:
            self._channel = await layer.new_channel()
            await layer.group_add(hints.CONNECTIONS, self._channel)
        message = await layer.receive(self._channel)
        if name := message.get("models"):
            self._router.forget(name)
        else:
            self._reads.wake()

    # --- For staff ----------------------------------------------------------------------------

    async def listed(self) -> list[Json]:
        """Every connection with its health, those of the settings first."""

        def stored() -> list[Json]:
            return [shape(row, services.headers_of(row)) for row in services.connections()]

        async with db_threads.borrow():
            rows: list[Json] = await database_sync_to_async(stored)()
        every = [*self._of_the_settings(), *rows]
        health = await asyncio.gather(*(self._health(one["name"]) for one in every))
        return [
            {**one, "health": answer if one["enabled"] else None}
            for one, answer in zip(every, health, strict=True)
        ]

    def _of_the_settings(self) -> list[Json]:
        return [
            _own_shape(name, settings.PROVIDERS[name], provider)
            for name, provider in self._router.providers.items()
            if name in settings.PROVIDERS
            and (
                provider.role is not ProviderRole.BY_NAME or name == settings.CHAT_DEFAULT_PROVIDER
            )
        ]

    async def _health(self, name: str) -> Json:
        provider = self._router.providers.get(name)
        if provider is None:
            return {"ok": False, "code": "key_unreadable", "message": KEY_LOST}
        try:
            async with asyncio.timeout(HEALTH_S):
                error = await self._router.health(provider)
        except TimeoutError:
            message = f"{provider.label} does not answer."
            return {"ok": False, "code": "provider_timeout", "message": message}
        if error is None:
            return {"ok": True, "code": "answers", "message": f"{provider.label} answers."}
        return {"ok": False, "code": error.reason, "message": error.message}

    def defaults(self) -> Json:
        """What answers by default, and what of it the settings say."""
        own = {
            "provider": settings.CHAT_DEFAULT_PROVIDER or settings.CHAT_DEFAULT_MODEL,
            "model": settings.CHAT_DEFAULT_PROVIDER or settings.CHAT_DEFAULT_MODEL,
            "fallbacks": settings.CHAT_FALLBACK_PROVIDERS,
        }
        current = self._router.defaults
        return {
            "provider": current.provider,
            "model": current.model,
            "fallbacks": [*current.fallbacks],
            "from_environment": [name for name, given in own.items() if given],
        }

    def check_defaults(self, changes: Mapping[str, Any]) -> None:
        """Return if all connections that are named are there. Raises `InvalidInput`."""
        named = {
            "provider": [changes["provider"]] if changes.get("provider") else [],
            "fallbacks": changes.get("fallbacks", []),
        }
        for field, names in named.items():
            if unknown := [name for name in names if name not in self._router.providers]:
                sentence = _("There is no connection %(name)s.") % {"name": unknown[0][:40]}
                raise InvalidInput(f"{field}: {sentence}", fields={field: [sentence]})

    async def name_of(self, connection_id: UUID) -> str:
        """The name of a connection. Raises `NotFound`."""
        for name in settings.PROVIDERS:
            if _own_id(name) == connection_id:
                return name
        row: Connection = await database_sync_to_async(services.connection)(
            connection_id=connection_id
        )
        return row.name

    async def test(self, connection_id: UUID) -> Json:
        """Test a connection, whether it is enabled or not, in at most 5 s. Raises
        `NotFound`."""
        name = await self.name_of(connection_id)
        if name in settings.PROVIDERS:
            own = self._router.providers.get(name)
            if own is None:
                raise NotFound("Connection not found.")
            return await _tested(own)
        row: Connection = await database_sync_to_async(services.connection)(
            connection_id=connection_id
        )
        return await look_at(row)


async def look_at(row: Connection, most_names: int = NAMES) -> Json:
    """Test a connection, which need not be stored, and tell at most so many of its models."""
    made = _settings_of(row)
    if made is None:
        return _result("key_unreadable", KEY_LOST)
    # One of its own: the one in use may believe what it has heard before.
    [provider] = (await asyncio.to_thread(build, {row.name: made})).values()
    try:
        return await _tested(provider, most_names)
    finally:
        await provider.aclose()


async def _tested(provider: Provider, most_names: int = NAMES) -> Json:
    try:
        async with asyncio.timeout(TEST_S):
            listed = await provider.list_models()
            version = await provider.version()
            native = await provider.native_url()
    except TimeoutError:
        return _result("provider_timeout", f"{provider.label} did not answer in time.")
    except ModelLoading:
        loading = f"{provider.label} answers, and is loading its model."
        return _result("model_loading", loading, ok=True)
    except ProviderError as error:
        return _result(error.reason, error.message)
    names = [model.name for model in listed]
    count = "1 model" if len(names) == 1 else f"{len(names)} models" if names else "no model yet"
    who = f"{provider.label} {version}".strip()
    message = f"{who} answers and has {count}."
    if native:
        message += " It is an Ollama: its own protocol shows more, such as loading."
    suggestion = {"kind": "ollama", "base_url": native} if native else None
    answers = _result("answers", message, True, version=version, suggestion=suggestion)
    return {**answers, "models": names[:most_names], "model_count": len(names)}


def _result(
    code: str,
    message: str,
    ok: bool = False,
    *,
    version: str = "",
    suggestion: dict[str, str] | None = None,
) -> Json:
    return {
        "ok": ok,
        "code": code,
        "message": message,
        "version": version,
        "models": [],
        "model_count": 0,
        "suggestion": suggestion,
    }


def _allowed_models(row: Connection) -> AllowedModels:
    return AllowedModels(frozenset(row.models_filter), row.model_labels)


def _settings_of(row: Connection) -> ProviderSettings | None:
    """Return the settings of a provider; `None` if its key cannot be decrypted."""
    try:
        key = decrypt(row.api_key)
        decrypt(row.headers)
    except SecretUnreadable:
        return None
    label = row.label or row.name
    access = Access(label=label, headers=services.headers_of(row), query=row.query, ca=row.ca)
    usual = settings.PROVIDERS["openai"]
    assert isinstance(usual, Timeouts)  # noqa: S101 - for mypy
    first = row.first_byte_timeout_s or usual.first_byte_timeout_s
    gap = row.gap_timeout_s or usual.gap_timeout_s
    match row.kind:
        case Connection.Kind.OLLAMA:
            return OllamaSettings(
                base_url=row.base_url,
                api_key=key,
                access=access,
                first_byte_timeout_s=first,
                gap_timeout_s=gap,
            )
        case Connection.Kind.INFERENCE:
            return InferenceSettings(url=row.base_url, api_key=key, access=access, timeout_s=first)
    return OpenAISettings(
        base_url=row.base_url,
        api_key=key,
        models=tuple(row.models_filter),
        access=access,
        first_byte_timeout_s=first,
        gap_timeout_s=gap,
    )


def is_own(connection_id: UUID) -> bool:
    """Whether it is the id of a connection of the settings."""
    return any(_own_id(name) == connection_id for name in settings.PROVIDERS)


def _own_id(name: str) -> UUID:
    return uuid5(_IDS, name)


def _own_shape(name: str, own: ProviderSettings, provider: Provider) -> Json:
    """A connection of the settings, as `shape` has those of the database."""
    address = getattr(own, "base_url", "") or getattr(own, "url", "")
    first = getattr(own, "first_byte_timeout_s", None) or getattr(own, "timeout_s", None)
    return {
        "id": _own_id(name),
        "name": name,
        "label": provider.label,
        "kind": name,
        "base_url": _without_password(address),
        "has_key": bool(getattr(own, "api_key", "")),
        "headers": {},
        "query": {},
        "ca": "",
        "timeouts": {"first_byte_s": first, "gap_s": getattr(own, "gap_timeout_s", None)},
        "places": settings.PROVIDER_MAX_CONCURRENCY.get(name, settings.PROVIDER_MAX_CONCURRENCY[""])
        or None,
        "models_filter": [],
        "model_labels": {},
        "enabled": True,
        "from_environment": True,
        "health": None,
    }


def _without_password(address: str) -> str:
    try:
        parts = urlsplit(address)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        return ""
