"""What this process has learned of models from their providers' answers."""

import time
from collections import OrderedDict

from streaming.token_estimate import TokenEstimate

# For how long a refusal is believed, in seconds: a server may be started anew with another window
# or another template.
BELIEVE_REFUSAL = 3600.0
# How many models are remembered: the names may be anything that a provider lists.
MODELS = 256


class ModelFacts:
    """One model at one provider: what its prompts cost, and what it has refused."""

    def __init__(self) -> None:
        self.estimate = TokenEstimate()
        # Whether it was seen to think, however its provider lists it.
        self.thinks = False
        self._window = 0
        self._window_until = self._roles_until = self._tools_until = 0.0

    @property
    def window(self) -> int | None:
        """The window that a refusal named."""
        return self._window if self._window_until > time.monotonic() else None

    def learn_window(self, window: int) -> None:
        self._window, self._window_until = window, time.monotonic() + BELIEVE_REFUSAL

    @property
    def strict_roles(self) -> bool:
        """Whether it refused a system message, or roles that do not alternate."""
        return self._roles_until > time.monotonic()

    def learn_strict_roles(self) -> None:
        self._roles_until = time.monotonic() + BELIEVE_REFUSAL

    @property
    def refuses_tools(self) -> bool:
        """Whether it refused a request with tools."""
        return self._tools_until > time.monotonic()

    def learn_no_tools(self) -> None:
        self._tools_until = time.monotonic() + BELIEVE_REFUSAL


class ModelMemory:
    """The facts of many models, without those that were not used for longest."""

    def __init__(self) -> None:
        self._facts: OrderedDict[tuple[str, str], ModelFacts] = OrderedDict()

    def of(self, provider: str, model: str) -> ModelFacts:
        facts = self._facts.setdefault((provider, model), ModelFacts())
        self._facts.move_to_end((provider, model))
        if len(self._facts) > MODELS:
            self._facts.popitem(last=False)
        return facts
