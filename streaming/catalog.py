"""The models of all providers in one list."""

import asyncio
from dataclasses import dataclass

from providers.base import Provider, ProviderRole
from providers.errors import ProviderError
from providers.types import Model
from streaming.routing import ANSWER_S, Router


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A model under its id, which `Router.resolve` takes: `<model>` at the default provider,
    `<provider>/<model>` at the others. The provider is the one that was asked: its connection may
    be gone. `stale` says that it does not answer, and listed the model when it last did."""

    id: str
    provider: Provider
    model: Model
    stale: bool


class Catalog:
    """Lists the models of the providers that nobody has to name."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._last: dict[str, list[Model]] = {}

    async def entries(
        self, default: Provider, *, alone: bool = False
    ) -> tuple[list[CatalogEntry], ProviderError | None]:
        """Every model that talks or makes embeddings, those of `default` first (with `alone`, no
        others); and why `default` does not answer. All are asked at once, and waited for as long
        as `default` takes, or `ANSWER_S`."""
        others = [] if alone else self._others(default)
        (models, error), *lists = await asyncio.gather(
            self._models(default, None), *(self._models(other, ANSWER_S) for other in others)
        )
        entries = [
            CatalogEntry(await self._id(default, model), default, model, error is not None)
            for model in models
        ]
        for other, (theirs, failure) in zip(others, lists, strict=True):
            entries += [
                CatalogEntry(f"{other.name}/{model.name}", other, model, failure is not None)
                for model in theirs
            ]
        return entries, error

    def _others(self, default: Provider) -> list[Provider]:
        providers = self._router.providers.values()
        return [one for one in providers if one.role is ProviderRole.SERVICE and one is not default]

    async def _models(
        self, provider: Provider, seconds: float | None
    ) -> tuple[list[Model], ProviderError | None]:
        try:
            async with asyncio.timeout(seconds):
                listed = await self._router.listed(provider)
                models = await self._router.with_windows(provider, listed)
        except TimeoutError:
            failure = ProviderError(f"{provider.label} did not answer in time.")
            return self._last.get(provider.name, []), failure
        except ProviderError as error:
            return self._last.get(provider.name, []), error
        self._last[provider.name] = models
        return models, None

    async def _id(self, default: Provider, model: Model) -> str:
        """The name alone, unless it would be taken for another provider's model."""
        prefix, slash, _ = model.name.partition("/")
        if slash and prefix in self._router.providers:
            meant = await self._router.resolve(model.name)
            if meant != (default, model.name):
                return f"{default.name}/{model.name}"
        return model.name
