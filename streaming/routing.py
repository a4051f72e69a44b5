"""Which provider and which model answer a request, and how large its window is."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field, replace

from django.conf import settings

from conversations.errors import InvalidInput
from providers.base import Provider, ProviderRole
from providers.building import build
from providers.errors import (
    ModelLoading,
    ModelNotFound,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
)
from providers.types import Model
from streaming.model_facts import ModelMemory
from streaming.provider_answers import ProviderAnswers
from streaming.route import Route

# Seconds for which an answer is believed: that a provider is up, that it is not, its models.
BELIEVE_UP = 15.0
BELIEVE_DOWN = 3.0
BELIEVE_MODELS = 30.0
# Who does not answer within so many seconds is passed over.
ANSWER_S = 2.0
# Between two questions to a server that is loading its model, in seconds.
LOADING_EVERY_S = 0.5
# How long a provider that was replaced lives on for the replies that run there, in seconds.
RETIRED_S = 3600.0
# How many models a provider is asked about at a time.
WINDOWS_AT_ONCE = 8


class ModelNotOffered(InvalidInput):
    """The model that was asked for is not among those that may be used."""

    v1_status = 404


@dataclass(frozen=True, slots=True)
class AllowedModels:
    """Which models of a connection may be used (empty: all), and under which labels."""

    models: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)


ALL_MODELS = AllowedModels()


@dataclass(frozen=True, slots=True)
class Defaults:
    """The provider that answers a request that names none, its model, and who answers instead, in
    order. Empty: nothing was chosen."""

    provider: str = ""
    model: str = ""
    fallbacks: tuple[str, ...] = ()


class Router:
    """The providers of this process, made in the event loop that uses them: those of the settings,
    and those that `take` was given."""

    def __init__(self) -> None:
        self._own = build(settings.PROVIDERS)
        self.providers = self._own
        self._models: Mapping[str, AllowedModels] = {}
        self._chosen = Defaults()
        self._retired: dict[Provider, asyncio.Task[None]] = {}
        self._answers = ProviderAnswers()
        self._memory = ModelMemory()

    def take(
        self,
        providers: Mapping[str, Provider],
        allowed: Mapping[str, AllowedModels],
        chosen: Defaults,
    ) -> None:
        """Use these providers beside those of the settings from now on, instead of those that were
        taken before. Replies that run at one that is gone go on, for `RETIRED_S`."""
        before, self.providers = self.providers, {**self._own, **providers}
        self._models, self._chosen = allowed, chosen
        for name, provider in before.items():
            if self.providers.get(name) is not provider:
                self.forget(name)
                self._retired[provider] = asyncio.get_running_loop().create_task(
                    self._retire(provider), name=f"retire {name}", context=Context()
                )

    async def _retire(self, provider: Provider) -> None:
        await asyncio.sleep(RETIRED_S)
        self._retired.pop(provider, None)
        await provider.aclose()

    def forget(self, name: str) -> None:
        """Ask a provider again for what it has told."""
        self._answers.forget(f"models {name}", f"state {name}", f"health {name}")

    @property
    def defaults(self) -> Defaults:
        """The defaults: the settings win over the choice of staff. Who is not
        there (any more) does not count."""
        provider, model = settings.CHAT_DEFAULT_PROVIDER, settings.CHAT_DEFAULT_MODEL
        if not provider and not model and self._chosen.provider in self.providers:
            provider, model = self._chosen.provider, self._chosen.model
        fallbacks = settings.CHAT_FALLBACK_PROVIDERS or self._chosen.fallbacks
        return Defaults(
            provider, model, tuple(name for name in fallbacks if name in self.providers)
        )

    async def choose(self, name: str = "") -> Provider:
        """The provider called `name`; without a name the default: the configured one, else the
        first of openai, inference and ollama that is set up and answers. Where only Ollama could
        be, and does not answer, it is the embedded model; where nobody answers, the first, which
        then says why.

        Raises:
            InvalidInput: it is not configured here.
        """
        name = name or self.defaults.provider
        if name:
            if name in self.providers:
                return self.providers[name]
            sentence = f"The provider {name} is not configured here."
            raise InvalidInput(f"provider: {sentence}", fields={"provider": [sentence]})
        services = self._by_role(ProviderRole.SERVICE)
        stand_in = (
            next(iter(self._by_role(ProviderRole.STAND_IN)), None) if len(services) == 1 else None
        )
        if len(services) == 1 and stand_in is None:
            return services[0]
        for service in services:
            if await self._is_up(service):
                return service
        return stand_in or services[0]

    async def resolve(self, model: str) -> tuple[Provider, str]:
        """The provider that a model's id means, and the model's name there.

        An id is `<model>` at the default provider, `<provider>/<model>` at any. One that may be
        read both ways (`openai/gpt-4o` at a default OpenRouter beside a provider `openai`) is the
        named provider's, unless only the default has it. When the default is away, and the
        provider that answers instead does not have the model, it is the default, which says why.
        """
        name, _, rest = model.partition("/")
        named = self.providers.get(name) if rest else None
        chosen = await self.choose()
        if named is not None:
            theirs = await self._has(named, rest) is not False or not await self._has(chosen, model)
            return (named, rest) if theirs else (chosen, model)
        if self.defaults.provider or chosen is (first := self._by_role(ProviderRole.SERVICE)[0]):
            return chosen, model
        return first if await self._has(chosen, model) is False else chosen, model

    async def default_name(self, provider: str = "") -> str:
        """The name of the provider that is asked by default, else that of `provider`."""
        return provider or self.defaults.provider or (await self.choose()).name

    async def _has(self, provider: Provider, model: str) -> bool | None:
        """Whether the provider lists the model; `None` when it does not answer."""
        try:
            return await self.find(provider, model) is not None
        except ProviderError:
            return None

    async def _resolve_at(self, model: str, provider: str) -> tuple[Provider, str]:
        """`resolve`; at the named provider, if one is named."""
        if not provider:
            return await self.resolve(model)
        chosen = await self.choose(provider)
        rest = model.removeprefix(f"{chosen.name}/")
        return chosen, rest if rest != model and await self._has(chosen, rest) else model

    def _by_role(self, role: ProviderRole) -> list[Provider]:
        return [provider for provider in self.providers.values() if provider.role is role]

    async def route(self, *, model: str | None, provider: str = "") -> Route:
        """Where a request goes that asks for `model` (`None`: the default).

        Raises:
            ModelNotOffered: names `parameters.model`.
            ProviderError: there is no model to choose, and why.
        """
        if model is not None:
            chosen, name = await self._resolve_at(model, provider)
            return await self._route(chosen, await self._offered(chosen, name))
        chosen = await self.choose(provider)
        try:
            return await self._route(chosen, await self.default_model(chosen))
        except ModelLoading:
            window: int = settings.CHAT_DEFAULT_WINDOW
            return Route(chosen, "", window, None)
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
                    return instead.instead_of(error.provider_used, error)
            raise

    async def once_loaded(self, provider: Provider) -> Route:
        """The route to the default model of a server that is loading it, when it has: waits for
        that as long as for the first byte of a reply. Raises `ProviderError`."""
        until = time.monotonic() + provider.patience_s
        while True:
            try:
                return await self._route(provider, await self.default_model(provider))
            except ModelLoading:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(LOADING_EVERY_S)

    def require_allowed(self, provider: Provider, model: str) -> None:
        """Return if the settings allow the provider's model. Raises `ModelNotOffered`."""
        if not self._allowed(provider, model):
            raise _not_offered(model)

    async def default_model(self, provider: Provider) -> str:
        """The model for a request that names none. Raises `ProviderError`."""
        defaults = self.defaults
        first = defaults.provider or self._by_role(ProviderRole.SERVICE)[0].name
        if defaults.model and provider.name == first:
            return await self.listed_name(provider, defaults.model)
        models = await self.models(provider)
        if models:
            return models[0].name
        raise ModelNotFound("No model is installed. Pull one, for example: ollama pull llama3.2")

    async def models(self, provider: Provider) -> list[Model]:
        """Return the `listed` models that chat. Raises `ProviderError`."""
        return [entry for entry in await self.listed(provider) if entry.chats]

    async def listed(self, provider: Provider, *, fresh: bool = False) -> list[Model]:
        """The models of `provider` that the settings and its connection allow, remembered for a
        short while. Raises `ProviderError`."""
        models = await self.kept(provider, fresh=fresh)
        return [entry for entry in models if self._allowed(provider, entry.name)]

    async def kept(self, provider: Provider, *, fresh: bool = False) -> list[Model]:
        """All models of `provider`, those too that nobody may use: they are on its disk. Raises
        `ProviderError`."""
        if fresh:
            self._answers.expire(f"models {provider.name}")
        listed = await self._answers.get(
            f"models {provider.name}", BELIEVE_MODELS, provider.list_models
        )
        labels = self._models.get(provider.name, ALL_MODELS).labels
        if not labels:
            return list(listed)
        return [replace(one, label=labels.get(one.name, one.label)) for one in listed]

    async def with_windows(self, provider: Provider, models: Iterable[Model]) -> list[Model]:
        """Complete each model by the window that a request has here: what a refusal named, what
        the provider says, else no more than is asked for when it does not say."""
        few = asyncio.Semaphore(WINDOWS_AT_ONCE)

        async def completed(model: Model) -> Model:
            async with few:
                route = await self._route(provider, model.name)
            longest = model.context_length
            guess = min(route.window, longest) if longest else None
            return replace(model, window=route.num_ctx or model.window or guess)

        return list(await asyncio.gather(*map(completed, models)))

    async def find(self, provider: Provider, name: str) -> Model | None:
        """The model of that name or of another name for it. The list is asked for again before
        the answer is no: a model may have been pulled a moment ago. Raises `ProviderError`."""
        entry = _named(provider, await self.listed(provider), name)
        return entry or _named(provider, await self.listed(provider, fresh=True), name)

    async def health(self, provider: Provider) -> ProviderError | None:
        """Why `provider` does not answer, asked at most every few seconds; `None` if it does."""

        async def ask() -> ProviderError | None:
            try:
                await provider.health()
            except ProviderError as error:
                return error
            return None

        return await self._answers.get(f"state {provider.name}", BELIEVE_DOWN, ask)

    def fallbacks(self, first: str) -> list[Provider]:
        """The providers that may answer instead of `first`, in order, if nothing came from it."""
        return [self.providers[name] for name in self.defaults.fallbacks if name != first]

    async def aclose(self) -> None:
        """Close every provider; the embedded model's process ends."""
        for task in self._retired.values():
            task.cancel()
        for provider in (*self.providers.values(), *self._retired):
            await provider.aclose()

    async def listed_name(self, provider: Provider, name: str) -> str:
        """The name under which the provider lists a model that is allowed; the same name where
        it lists none. A provider whose models have a single name is not asked."""
        if provider.has_aliases:
            with suppress(ProviderError):
                entry = _named(provider, await self.listed(provider), name)
                return entry.name if entry else name
        return name

    async def _route(self, provider: Provider, model: str) -> Route:
        """The window of a model that is not loaded yet is a guess: no more than it was made for."""
        facts = self._memory.of(provider.name, model)
        sizes = (await provider.window(model), facts.window)
        window = min((size for size in sizes if size is not None), default=None)
        guess: int = settings.CHAT_DEFAULT_WINDOW
        if window is None:
            with suppress(ProviderError):
                await self.listed(provider)
        models: Iterable[Model] = self._answers.last(f"models {provider.name}", ())
        listed = _named(provider, models, model)
        guess = min(guess, (listed and listed.context_length) or guess)
        return Route(provider, model, window or guess, window, listed=listed, facts=facts)

    def _allowed(self, provider: Provider, model: str) -> bool:
        """Whether the connection offers the model, and `CHAT_ALLOWED_MODELS` is empty or has a name
        of it, alone or after that of its provider."""
        offered = self._models.get(provider.name, ALL_MODELS).models
        if offered and not any(provider.same_model(name, model) for name in offered):
            return False
        allowed, prefix = settings.CHAT_ALLOWED_MODELS, f"{provider.name}/"
        return not allowed or any(
            provider.same_model(name, model)
            or provider.same_model(name.removeprefix(prefix), model)
            for name in allowed
        )

    async def _offered(self, provider: Provider, model: str) -> str:
        """The model's name at the provider. Raises `ModelNotOffered`."""
        if settings.CHAT_ALLOWED_MODELS or self._models.get(provider.name, ALL_MODELS).models:
            self.require_allowed(provider, model)
            return await self.listed_name(provider, model)
        try:
            entry = await self.find(provider, model)
        except ProviderError:  # the reply will say what is wrong
            return model
        if entry is not None:
            return entry.name
        # A list may leave out what the provider has under another spelling.
        if not await provider.has_model(model):
            raise _not_offered(model)
        return model

    async def _is_up(self, provider: Provider) -> bool:
        """Whether it answers. Most are asked for their models, which are needed next anyway."""

        async def ask() -> bool:
            try:
                async with asyncio.timeout(ANSWER_S):
                    if provider.health_is_cheaper:
                        await provider.health()
                    else:
                        await self.listed(provider)
            except (ProviderUnavailable, ProviderTimeout, TimeoutError):
                return False
            except ProviderError:
                return True  # it is there, and will say itself what is wrong
            return True

        key = f"health {provider.name}"
        up = await self._answers.get(key, BELIEVE_UP, ask)
        if not up:
            self._answers.believe_for(key, BELIEVE_DOWN)
        return up


def _named(provider: Provider, listed: Iterable[Model], name: str) -> Model | None:
    return next((entry for entry in listed if provider.same_model(entry.name, name)), None)


def _not_offered(model: str) -> ModelNotOffered:
    sentence = f"The model {model} is not available."
    return ModelNotOffered(
        f"parameters.model: {sentence}", fields={"parameters": {"model": [sentence]}}
    )
