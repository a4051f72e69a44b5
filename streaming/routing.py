"""Which provider and which model answer a request, and how large its window is."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.conf import settings

from conversations.errors import InvalidInput
from providers.base import Provider
from providers.config import ProviderSettings, build
from providers.errors import ModelNotFound, ProviderError, ProviderTimeout, ProviderUnavailable
from providers.local import LocalProvider
from providers.local_model import LocalModel
from providers.ollama_models import short_name
from providers.types import Model

# Seconds for which an answer is believed: that a provider is up, that it is not, its models.
BELIEVE_UP = 15.0
BELIEVE_DOWN = 3.0
BELIEVE_MODELS = 30.0
# Who does not answer within so many seconds is passed over.
ANSWER_S = 2.0

# In the order in which one is the default.
SERVICES = ("openai", "inference", "ollama")

NOTICE = (
    "This is a small demonstration model that runs on this server. "
    "For better answers, install Ollama and pull a model."
)

T = TypeVar("T")


class ModelNotOffered(InvalidInput):
    """The model that was asked for is not among those that may be used."""


@dataclass(frozen=True, slots=True)
class Route:
    """A request's way: `window` is what the prompt is fitted into, `num_ctx` what the provider
    is told of it (`None`: nothing, the size was a guess). `fallback` tells that it is another's
    than it should have been."""

    provider: Provider
    model: str
    window: int
    num_ctx: int | None
    fallback: bool = False


class Router:
    """The providers of this process, made in the event loop that uses them."""

    def __init__(self) -> None:
        self.providers = build(
            ProviderSettings(
                ollama_base_url=settings.OLLAMA_BASE_URL,
                ollama_context_length=settings.OLLAMA_CONTEXT_LENGTH,
                openai_enabled=settings.USE_OPENAI,
                openai_api_key=settings.OPENAI_API_KEY,
                openai_base_url=settings.OPENAI_BASE_URL or "https://api.openai.com/v1",
                openai_chat_model=settings.OPENAI_CHAT_MODEL,
                inference_url=settings.INFERENCE_SERVICE_URL,
                inference_api_key=settings.INFERENCE_SERVICE_API_KEY,
                inference_timeout_s=settings.INFERENCE_SERVICE_TIMEOUT,
                first_byte_timeout_s=settings.PROVIDER_FIRST_BYTE_TIMEOUT,
                gap_timeout_s=settings.PROVIDER_GAP_TIMEOUT,
            )
        )
        local = LocalModel(settings.LOCAL_MODEL_DIR)
        if settings.LOCAL_MODEL == "auto" and local.available():
            self.providers["local"] = LocalProvider(local)
        self._known: dict[str, tuple[float, Any]] = {}

    async def choose(self, name: str = "") -> Provider:
        """The provider called `name`; without a name the default: the configured one, else the
        first of openai, inference and ollama that is set up and answers. Where only Ollama could
        be, and does not answer, it is the embedded model; where nobody answers, the first, which
        then says why.

        Raises:
            InvalidInput: it is not configured here.
        """
        name = name or settings.CHAT_DEFAULT_PROVIDER
        if name:
            if name in self.providers:
                return self.providers[name]
            sentence = f"The provider {name} is not configured here."
            raise InvalidInput(f"provider: {sentence}", fields={"provider": [sentence]})
        services = self._services()
        stand_in = self.providers.get("local") if len(services) == 1 else None
        if len(services) == 1 and stand_in is None:
            return services[0]
        for service in services:
            if await self._answers(service):
                return service
        return stand_in or services[0]

    async def choose_for(self, model: str) -> Provider:
        """The default provider for a request that names a model: when the first is away, and the
        one that answers instead does not have it, the first, which says why."""
        chosen = await self.choose()
        if settings.CHAT_DEFAULT_PROVIDER or chosen is (first := self._services()[0]):
            return chosen
        with suppress(ProviderError):
            return chosen if await self.find(chosen, model) else first
        return chosen

    def _services(self) -> list[Provider]:
        return [self.providers[name] for name in SERVICES if name in self.providers]

    async def route(self, *, model: str | None, provider: str = "") -> Route:
        """Where a request goes that asks for `model` (`None`: the default).

        Raises:
            ModelNotOffered: names `parameters.model`.
            ProviderError: there is no model to choose, and why.
        """
        if model is not None:
            chosen = await (self.choose(provider) if provider else self.choose_for(model))
            return await _route(chosen, await self._offered(chosen, model))
        chosen = await self.choose(provider)
        try:
            return await _route(chosen, await self.default_model(chosen))
        except ProviderError as error:
            error.provider_used = chosen.name
            raise

    async def route_or_fallback(self, *, model: str | None, provider: str = "") -> Route:
        """`route`; where no model can be chosen, that of the first who may answer instead and
        has one. Raises as `route` does."""
        try:
            return await self.route(model=model, provider=provider)
        except ProviderError as error:
            for other in self.fallbacks(error.provider_used):
                with suppress(ProviderError):
                    instead = await self.route(model=None, provider=other.name)
                    return replace(instead, fallback=True)
            raise

    def check_allowed(self, model: str) -> None:
        """Return if the settings allow the model, whoever has it. Raises `ModelNotOffered`."""
        if not _allowed(model):
            raise _not_offered(model)

    async def default_model(self, provider: Provider) -> str:
        """The model for a request that names none. Raises `ProviderError`."""
        first = settings.CHAT_DEFAULT_PROVIDER or self._services()[0].name
        if settings.CHAT_DEFAULT_MODEL and provider.name == first:
            return await self.listed_name(provider, settings.CHAT_DEFAULT_MODEL)
        for entry in await self.models(provider):
            return entry.name
        raise ModelNotFound("No model is installed. Pull one, for example: ollama pull llama3.2")

    async def models(self, provider: Provider) -> list[Model]:
        """Those of `listed` that can be talked to. Raises `ProviderError`."""
        return [entry for entry in await self.listed(provider) if entry.chats]

    async def listed(self, provider: Provider, *, fresh: bool = False) -> list[Model]:
        """What `provider` offers and the settings allow, remembered for a short while.
        Raises `ProviderError`."""
        if fresh:
            self._known.pop(f"models {provider.name}", None)
        listed = await self._remember(
            f"models {provider.name}", BELIEVE_MODELS, provider.list_models
        )
        return [entry for entry in listed if _allowed(entry.name)]

    async def find(self, provider: Provider, name: str) -> Model | None:
        """The model of that name, with or without `:latest`; the list is asked for again before a
        no, since a model may have been pulled a moment ago. Raises `ProviderError`."""
        entry = _named(await self.listed(provider), name)
        return entry or _named(await self.listed(provider, fresh=True), name)

    async def health(self, provider: Provider) -> ProviderError | None:
        """Why `provider` does not answer, asked at most every few seconds; `None` if it does."""

        async def ask() -> ProviderError | None:
            try:
                await provider.health()
            except ProviderError as error:
                return error
            return None

        return await self._remember(f"state {provider.name}", BELIEVE_DOWN, ask)

    def fallbacks(self, first: str) -> list[Provider]:
        """Who may answer instead, in order, when nothing came from the provider called `first`."""
        return [
            self.providers[name]
            for name in settings.CHAT_FALLBACK_PROVIDERS
            if name in self.providers and name != first
        ]

    def notice(self, provider: Provider) -> str | None:
        """What the page tells about a provider before anything is said."""
        return NOTICE if provider.name == "local" else None

    async def aclose(self) -> None:
        """Close every provider; the embedded model's process ends."""
        for provider in self.providers.values():
            await provider.aclose()

    async def listed_name(self, provider: Provider, name: str) -> str:
        """The name under which the provider lists a model that is allowed; the same name where
        it lists none. Ollama alone has two for one, so nobody else is asked."""
        if provider.name == "ollama":
            with suppress(ProviderError):
                entry = _named(await self.listed(provider), name)
                return entry.name if entry else name
        return name

    async def _offered(self, provider: Provider, model: str) -> str:
        """The model's name at the provider. Raises `ModelNotOffered`."""
        if settings.CHAT_ALLOWED_MODELS:
            if not _allowed(model):
                raise _not_offered(model)
            return await self.listed_name(provider, model)
        try:
            entry = await self.find(provider, model)
        except ProviderError:  # the reply will say what is wrong
            return model
        if entry is not None:
            return entry.name
        # A list may leave out what the provider has under another spelling.
        if await provider.window(model) is None:
            raise _not_offered(model)
        return model

    async def _answers(self, provider: Provider) -> bool:
        """Whether it is there. Of most it is asked by their list of models, which is needed next
        anyway; Ollama's takes longer."""

        async def ask() -> bool:
            try:
                async with asyncio.timeout(ANSWER_S):
                    if provider.name == "ollama":
                        await provider.health()
                    else:
                        await self.listed(provider)
            except (ProviderUnavailable, ProviderTimeout, TimeoutError):
                return False
            except ProviderError:
                return True  # it is there, and will say itself what is wrong
            return True

        key = f"health {provider.name}"
        up = await self._remember(key, BELIEVE_UP, ask)
        if not up:
            self._known[key] = (min(self._known[key][0], time.monotonic() + BELIEVE_DOWN), up)
        return up

    async def _remember(self, key: str, seconds: float, ask: Callable[[], Awaitable[T]]) -> T:
        until, value = self._known.get(key, (0.0, None))
        if until > time.monotonic():
            return value  # type: ignore[no-any-return]
        value = await ask()
        self._known[key] = (time.monotonic() + seconds, value)
        return value


async def _route(provider: Provider, model: str) -> Route:
    window = await provider.window(model)
    return Route(provider, model, window or settings.CHAT_DEFAULT_WINDOW, window)


def _named(listed: Iterable[Model], name: str) -> Model | None:
    """The model of that name, with or without `:latest`."""
    wanted = short_name(name)
    return next((entry for entry in listed if short_name(entry.name) == wanted), None)


def _not_offered(model: str) -> ModelNotOffered:
    sentence = f"The model {model} is not on offer here."
    return ModelNotOffered(
        f"parameters.model: {sentence}", fields={"parameters": {"model": [sentence]}}
    )


def _allowed(model: str) -> bool:
    """Whether `CHAT_ALLOWED_MODELS` names the model, with or without `:latest`, or nothing."""
    allowed = {short_name(name) for name in settings.CHAT_ALLOWED_MODELS}
    return not allowed or short_name(model) in allowed
