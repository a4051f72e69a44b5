"""A server that loads its only model for long: the reply stays in the phase `loading`."""

import asyncio
from typing import Any

import pytest

from conversations.people.models import ApiKey, User
from providers.config import OpenAISettings
from providers.errors import ModelLoading, ModelNotFound
from providers.types import Chunk
from streaming import routing
from streaming.caller import Caller
from streaming.provider_slots import MemoryProviderSlots
from streaming.replies import engine
from streaming.replies.prompt import Plan, make_plan
from streaming.replies.result import Result
from streaming.routing import Router
from tests.providers.replies import REPLY_TEXT
from tests.scripted.openai import ScriptedOpenAI
from tests.streaming.replies.test_reasoning import PLAIN, plan_of

PROPS = {"default_generation_settings": {"n_ctx": 3000}, "total_slots": 2}


class Cold:
    """A request that names no model, to a server that is loading it."""

    def __init__(self, router: Router, plan: Plan) -> None:
        self.router, self.plan = router, plan
        self.result = Result.of(plan)
        self.phases: list[str] = []
        self.told: list[tuple[str, Any]] = []
        self.loading = asyncio.Event()

    async def ask(self) -> list[Chunk]:
        async def rerouted() -> None:
            self.told.append((self.result.model, self.result.context["window"]))

        def enter(phase: str, _: int | None) -> None:
            self.phases.append(phase)
            self.loading.set()

        slots = MemoryProviderSlots({"": 4})
        stream = engine.stream(self.plan, self.router, slots, self.result, enter, rerouted)
        return [chunk async for chunk in stream]


@pytest.fixture
def unset(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(routing, "LOADING_EVERY_S", 0.02)
    settings.CHAT_DEFAULT_PROVIDER = settings.CHAT_DEFAULT_MODEL = ""
    settings.CHAT_FALLBACK_PROVIDERS = settings.CHAT_ALLOWED_MODELS = []
    return settings


async def cold(settings: Any, server: ScriptedOpenAI, key: ApiKey | None = None) -> Cold:
    server.loading = True
    server.models = [{"id": "normal", "owned_by": "llamacpp"}]
    at = OpenAISettings(base_url=f"{server.url}/v1", first_byte_timeout_s=5.0)
    settings.PROVIDERS = {"openai": at}
    router = Router()
    route = await router.route_or_fallback(model=None)
    assert route.model == ""
    plan = make_plan(
        caller=Caller(User(), key),
        route=route,
        history=(),
        content="Hello",
        parameters=dict(plan_of(PLAIN).parameters),
    )
    return Cold(router, plan)


async def test_a_reply_waits_for_its_model(unset: Any):
    """However long it takes; then it is made with the window and the slots that the server has."""
    async with ScriptedOpenAI() as server:
        asked = await cold(unset, server)
        asking = asyncio.create_task(asked.ask())
        await asked.loading.wait()
        assert asked.phases == ["loading"]
        server.answers["/props"] = PROPS
        server.loading = False
        chunks = await asking
        assert "".join(chunk.content for chunk in chunks) == REPLY_TEXT
        assert (asked.result.model, asked.told) == ("normal", [("normal", 3000)])
        assert asked.phases[-1] == "generating"
        await asked.router.aclose()


async def test_it_waits_no_longer_than_for_a_first_byte(
    unset: Any, monkeypatch: pytest.MonkeyPatch
):
    """And a stop ends it at once."""
    async with ScriptedOpenAI() as server:
        asked = await cold(unset, server)
        stopped = asyncio.create_task(asked.ask())
        await asked.loading.wait()
        stopped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopped
        asked.plan.route.provider.patience_s = 0.1
        with pytest.raises(ModelLoading):
            await asked.ask()
        await asked.router.aclose()


async def test_a_key_may_not_use_a_model_that_was_loaded_meanwhile(unset: Any):
    """Unless it is one of its models."""
    async with ScriptedOpenAI() as server:
        asked = await cold(unset, server, ApiKey(allowed_models=["other"]))
        server.loading = False
        with pytest.raises(ModelNotFound):
            await asked.ask()
        assert server.chats == []
        await asked.router.aclose()
