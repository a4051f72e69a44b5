"""All models of all providers in one list, each under an id of its own that is taken everywhere."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from providers.base import ProviderRole
from providers.echo import EchoProvider
from providers.errors import ProviderUnavailable
from providers.types import Model
from streaming.catalog import Catalog
from streaming.routing import Router
from tests.harness.place import Person, Place, place_at
from tests.harness.rest import ok, refused
from tests.harness.server import ChatServer
from tests.scripted.ollama import entry

MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.fixture
async def place_alone(own_server: Callable[..., ChatServer]) -> AsyncIterator[Place]:
    """A server of the test's own: servers remember for a while what their providers list."""
    server = own_server("uvicorn")
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        yield place


async def listed(person: Person) -> tuple[list[str], list[str]]:
    """The ids of both lists."""
    rest = ok(await person.rest.get("/api/models/"))["results"]
    v1 = ok(await person.rest.get("/v1/models"))["data"]
    return [one["id"] for one in rest], [one["id"] for one in v1]


async def test_models_of_all_providers_are_listed_and_answer(place_alone: Place):
    """Those of the default by their names, the others after their provider's; by every door."""
    place = place_alone
    person = await place.person()
    place.ollama.models = [entry("normal"), entry("echo")]
    place.openai.models = ["normal", "some/one"]
    for ids in await listed(person):
        assert ids[:2] == ["normal", "echo"]
        assert {"openai/normal", "openai/some/one", "inference/normal"} <= set(ids)
        assert len(set(ids)) == len(ids)
    labels = ok(await person.rest.get("/api/models/"))["provider_labels"]
    assert labels["ollama"] == "Ollama"
    assert {"openai", "inference"} < labels.keys()
    chat = await person.conversation()
    for name, provider in (("openai/normal", "openai"), ("ollama/normal", "ollama")):
        answer = ok(await person.rest.generate(chat, model=name))
        assert (answer["provider_used"], answer["message"]["model"]) == (provider, "normal")
        settings = ok(await person.rest.get(f"/api/conversations/{chat}/"))["settings"]
        assert settings["model"] == name
        v1 = await person.rest.http.post(
            "/v1/chat/completions", json={"model": name, "messages": MESSAGES}
        )
        assert ok(v1)["provider_used"] == provider
        shown = ok(await person.rest.get(f"/v1/models/{name}"))
        assert (shown["id"], shown["owned_by"]) == (name, provider)
    vectors = {"model": "openai/normal", "input": "Hello"}
    ok(await person.rest.http.post("/v1/embeddings", json=vectors))
    assert [exchange.path for exchange in place.openai.exchanges if "embed" in exchange.path]


async def test_a_key_for_a_model_is_for_it_at_its_provider(place_alone: Place):
    """The default provider's name may stand before it or not; another's model is another."""
    place = place_alone
    person = await place.person()
    allowed = ["ollama/normal", "openai/reasoning"]
    await place.clerk("allow", model="ApiKey", row_id=person.key_id, allowed_models=allowed)
    place.openai.models = ["normal", "reasoning"]
    for ids in await listed(person):
        assert ids == ["normal", "openai/reasoning"]
    chat = await person.conversation()
    for name in ("normal", "ollama/normal", "openai/reasoning"):
        ok(await person.rest.generate(chat, model=name))
    refused(await person.rest.generate(chat, model="openai/normal"), 403, "model_not_allowed")


async def test_a_name_that_means_two_models(own_server: Callable[..., ChatServer]):
    """`ollama/normal` of a default OpenRouter is listed after its provider's name where Ollama has
    a model `normal`; without one the name is its own."""
    server = own_server("uvicorn", CHAT_DEFAULT_PROVIDER="openai", CHAT_DEFAULT_MODEL="")
    await asyncio.to_thread(server.start)
    async with place_at(server) as place:
        person = await place.person()
        place.ollama.models = [entry("normal")]
        place.openai.models = ["ollama/normal", "ollama/else"]
        for ids in await listed(person):
            assert ids[:3] == ["normal", "openai/ollama/normal", "ollama/else"]
            assert "ollama/normal" in ids
        chat = await person.conversation()
        wanted = {
            "openai/ollama/normal": ("openai", "ollama/normal"),
            "ollama/normal": ("ollama", "normal"),
            "ollama/else": ("openai", "ollama/else"),
        }
        for name, made_by in wanted.items():
            answer = await person.rest.generate(chat, model=name)
            message = answer.json()["message"]
            assert (message["provider_used"], message["model"]) == made_by


async def test_a_provider_that_is_away_costs_the_others_nothing(place_alone: Place):
    """It is not listed, or with its last list; a chat with its model says why it fails."""
    place = place_alone
    person = await place.person()
    await place.openai.stop()
    for ids in await listed(person):
        assert ids
        assert not [name for name in ids if "/" in name]
    answer = await person.rest.generate(await person.conversation(), model="openai/normal")
    refused(answer, 502, "provider_unavailable")
    await place.openai.start(place.server.second_model_port)


class Sometimes(EchoProvider):
    """A provider that answers as long as it is `up`; its one model has its name."""

    role = ProviderRole.SERVICE
    up = True

    async def list_models(self) -> list[Model]:
        if not self.up:
            raise ProviderUnavailable(f"{self.name} is away.")
        return [Model(name=self.name, label=self.name)]


async def test_the_last_list_of_a_provider_that_is_away(settings: Any):
    """Is told and marked, at the default and at another."""
    settings.PROVIDERS, settings.CHAT_DEFAULT_PROVIDER, settings.CHAT_ALLOWED_MODELS = {}, "", []
    router = Router()
    first, second = Sometimes("first"), Sometimes("second")
    router.providers = {"first": first, "second": second}
    catalog = Catalog(router)
    for up, told in (((True, True), False), ((False, False), True)):
        first.up, second.up = up
        for name in router.providers:
            router.forget(name)
        entries, error = await catalog.entries(first)
        assert [(entry.id, entry.stale) for entry in entries] == [
            ("first", told),
            ("second/second", told),
        ]
        assert (error is not None) is told
