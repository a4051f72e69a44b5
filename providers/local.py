"""The embedded model as a provider: its process is started when it is first needed."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from providers.errors import ProviderError, ProviderUnavailable, RequestRefused
from providers.local_fetch import LocalModelError
from providers.local_model import LocalModel
from providers.ollama import OllamaProvider
from providers.types import ChatRequest, Chunk, Embeddings, Model


class LocalProvider:
    """Ollama's protocol, spoken with a child process of ours; started again if it has died."""

    name = "local"

    def __init__(self, model: LocalModel) -> None:
        self._model = model
        self._address = ""
        self._client: OllamaProvider | None = None

    async def _ready(self) -> OllamaProvider:
        try:
            address = await self._model.start()
        except LocalModelError:
            raise ProviderUnavailable("The embedded model could not be started.") from None
        if self._client is None or address != self._address:
            if self._client is not None:
                await self._client.aclose()
            self._address, self._client = address, OllamaProvider(address, name=self.name)
        return self._client

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        client = await self._ready()
        async with aclosing(client.stream_chat(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:
        raise RequestRefused("The embedded model does not make embeddings.")

    async def list_models(self) -> list[Model]:
        return await (await self._ready()).list_models()

    async def window(self, model: str, *, load: bool = False) -> int | None:
        try:
            return await (await self._ready()).window(model)
        except ProviderError:
            return None

    async def health(self) -> None:
        await (await self._ready()).health()

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None
        await self._model.stop()
