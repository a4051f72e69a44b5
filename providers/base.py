"""What a provider is: two questions, one stream, and a way to close it."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from providers.types import ChatRequest, Chunk, Embeddings, Model


class Provider(Protocol):
    """One server (or library) that answers chat requests.

    Made inside the event loop that uses it and kept as long as that loop: clients are costly to
    build and hold connections. Every method raises only `ProviderError`s.
    """

    name: str

    def stream_chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        """Answer `request` piece by piece; nothing is sent before the first `anext`.

        Ends after a chunk with `finish`, or raises. Closing the generator (or cancelling the
        task that waits for it) closes the upstream request at once, so that the model stops;
        wrap it in `contextlib.aclosing`.
        """
        ...

    async def list_models(self) -> list[Model]:
        """The models it offers for chat or embeddings, in the order in which it would choose a
        default."""
        ...

    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:
        """The vectors of `texts`, cut to `dimensions` where the model can. Cancelling closes the
        request."""
        ...

    async def window(self, model: str, *, load: bool = False) -> int | None:
        """How many tokens prompt and reply may have together: `ChatRequest.window` for every
        request to `model`. Takes at most a few seconds, unless `load` allows to load the model
        first where only then the provider knows (tell `loading` meanwhile; up to the limit for
        the first byte). `None` where the provider does not say. Never raises.
        """
        ...

    async def health(self) -> None:
        """Return if it answers; raise the `ProviderError` that says why not. Takes at most 2 s."""
        ...

    async def aclose(self) -> None:
        """Close its connections. It cannot be used afterwards."""
        ...
