"""The interface of a provider."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from enum import Enum, auto
from typing import ClassVar

from providers.types import (
    ChatRequest,
    Chunk,
    Embeddings,
    LoadedModel,
    Model,
    Progress,
)


class ProviderRole(Enum):
    """When a provider answers a request that names none."""

    SERVICE = auto()  # the first that answers is the default
    STAND_IN = auto()  # where the only service does not answer
    BY_NAME = auto()  # never: it has to be named


class ModelStore(ABC):
    """The models that a server keeps on its disk. Every method raises only `ProviderError`s."""

    @abstractmethod
    async def loaded(self) -> list[LoadedModel]:
        """Return the models in memory."""

    @abstractmethod
    def pull(self, model: str) -> AsyncGenerator[Progress]:
        """Fetch a model, or what is new of it. Closing the generator ends the work of the server;
        wrap it in `contextlib.aclosing`."""

    @abstractmethod
    async def delete(self, model: str) -> None:
        """Delete a model from the disk."""

    @abstractmethod
    async def unload(self, model: str) -> None:
        """Take a model out of memory."""


class Provider(ABC):
    """A server (or library) that answers chat requests.

    Created inside the event loop that uses it and kept as long as that loop: clients are costly to
    build and hold connections. Every method raises only `ProviderError`s.
    """

    name: str
    # For people. Starts a sentence: "Ollama", "The inference service".
    label: str
    role: ClassVar[ProviderRole] = ProviderRole.SERVICE
    # What the page tells people before they write anything.
    notice: ClassVar[str | None] = None
    notice_code: ClassVar[str | None] = None
    # `health` costs the server less than `list_models`.
    health_is_cheaper: ClassVar[bool] = False
    # It writes the text before a suffix (`ChatRequest.suffix`).
    has_suffix: ClassVar[bool] = False
    # Requests set the window, and some models tell their own only when they are loaded (`window`).
    sets_window: ClassVar[bool] = False
    # What it has of `seed`, `stop`, `top_k`, `repeat_penalty` and `response_format`.
    parameters: ClassVar[frozenset[str]] = frozenset()
    # A model has several names (see `same_model`).
    has_aliases: ClassVar[bool] = False

    def same_model(self, a: str, b: str) -> bool:
        """Whether two names mean the same model."""
        return a == b

    # Where its models can be managed.
    store: ModelStore | None = None

    async def version(self) -> str:
        """Return the version of the server, as far as it tells one. Raises `ProviderError`."""
        return ""

    async def native_url(self) -> str:
        """Return the address at which the server speaks Ollama's own protocol, where this provider
        speaks another with it. Raises `ProviderError`."""
        return ""

    # How long a request waits for a model that is being loaded, in seconds.
    patience_s: float = 1800.0

    @abstractmethod
    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        """StreamedResponse `request` piece by piece; nothing is sent before the first `anext`.

        Ends after a chunk with `finish`, or raises. Closing the generator (or cancelling the task
        that waits for it) closes the request to the server at once, so that the model stops; wrap
        it in `contextlib.aclosing`.
        """

    @abstractmethod
    async def list_models(self) -> list[Model]:
        """Return the models for chat or embeddings; the first is the provider's default."""

    @abstractmethod
    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:
        """Return the vectors of `texts`, cut to `dimensions` where the model can do that.
        Cancelling closes the request."""

    @abstractmethod
    async def window(self, model: str, *, load: bool = False) -> int | None:
        """Return how many tokens prompt and reply may have together: `ChatRequest.window` for
        every request to `model`. `None` where the provider does not say. Never raises.

        Takes at most a few seconds. With `load` the model is loaded first where the provider only
        then knows, which takes up to the limit for the first byte; tell `loading` meanwhile.
        """

    async def has_model(self, model: str) -> bool:
        """Return whether a request to `model` would be answered, though it may not be listed.
        Never raises."""
        return await self.window(model) is not None

    @abstractmethod
    async def health(self) -> None:
        """Return if the server answers; raise the `ProviderError` that says why not. Takes at most
        2 s."""

    def replies_at_once(self, model: str) -> int | None:
        """How many replies the server makes at once with a model, at least, where it lets other
        requests wait and does not say so. `None` where none waits, or nothing is known."""
        return None

    async def warm_up(self) -> None:
        """Start what takes time to start, before the first request."""
        return

    @abstractmethod
    async def aclose(self) -> None:
        """Close all connections. The provider cannot be used afterwards."""
