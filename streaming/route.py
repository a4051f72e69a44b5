"""The route of a request: its provider, its model and the window of its prompt."""

from dataclasses import dataclass, field, replace
from typing import Self

from providers.base import Provider
from providers.errors import ProviderError
from providers.types import Model
from streaming.model_facts import ModelFacts


@dataclass(frozen=True, slots=True)
class Route:
    """The way of a request.

    `window` is the size that the prompt is fitted into, `num_ctx` the size that the provider gets
    (`None`: none, since ours is a guess). `model` is empty while the server loads its only model,
    see `Router.once_loaded`. `fallback`: another provider than the first answers, and `failed`
    names those that failed before. `listed` is the model in the provider's last list, `facts` is
    what was learned of it.
    """

    provider: Provider
    model: str
    window: int
    num_ctx: int | None
    fallback: bool = False
    failed: tuple[dict[str, str], ...] = ()
    listed: Model | None = None
    facts: ModelFacts = field(default_factory=ModelFacts)

    def instead_of(self, provider: str, error: ProviderError) -> Self:
        """The same as a fallback, after another has failed."""
        failed = (*self.failed, {"provider": provider, "code": error.code})
        return replace(self, fallback=True, failed=failed)

    @property
    def strict_roles(self) -> bool:
        """Whether the model takes no system message, and only roles that alternate."""
        return self.facts.strict_roles or (self.listed and self.listed.system_role) is False

    @property
    def thinks(self) -> bool:
        """Whether the model is known to think before it answers."""
        return self.facts.thinks or bool(self.listed and "thinking" in self.listed.capabilities)

    @property
    def cannot_think(self) -> bool:
        """Whether the model is known not to think."""
        capabilities = self.listed.capabilities if self.listed else ()
        return bool(capabilities) and not self.thinks

    @property
    def cannot_see(self) -> bool:
        """Whether the model is known not to take pictures."""
        capabilities = self.listed.capabilities if self.listed else ()
        return bool(capabilities) and "vision" not in capabilities

    @property
    def takes_no_tools(self) -> bool:
        """Whether the model is known not to call tools: what a list says of its capabilities is
        not always all of them, so its refusal is waited for."""
        return self.facts.refuses_tools or (self.listed and self.listed.takes_tools) is False
