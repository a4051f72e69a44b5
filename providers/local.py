"""The embedded model as a provider: its process is started when it is first needed."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from providers.base import Provider, ProviderRole
from providers.config import LocalSettings, OpenAISettings
from providers.errors import ModelNotFound, NotSupported, ProviderUnavailable
from providers.local_fetch import LocalModelError
from providers.local_model import Address, LocalModel
from providers.local_server import CONTEXT, MODEL, SLOTS
from providers.openai import OpenAIProvider
from providers.types import ChatRequest, Chunk, Embeddings, Model

_MODEL = Model(
    name=MODEL,
    label=MODEL,
    context_length=8192,
    window=CONTEXT,
    capabilities=("completion",),
    family="llama",
    format="gguf",
    parameter_size="135M",
    quantization_level="Q4_1",
    remote=False,
    slots=SLOTS,
    system_role=True,
)


class LocalProvider(Provider):
    """OpenAI's protocol, spoken with a child process; the child is restarted when it has died."""

    label = "The embedded model"
    role = ProviderRole.STAND_IN
    parameters = OpenAIProvider.parameters
    notice_code = "demonstration_model"
    notice = (
        "This is a small demonstration model that runs on this server. "
        "For better answers, install Ollama and pull a model."
    )

    def __init__(self, settings: LocalSettings, name: str = "local") -> None:
        self.name = name
        self._model = LocalModel(settings.directory)
        self._address: Address | None = None
        self._server: OpenAIProvider | None = None

    async def _started(self) -> OpenAIProvider:
        try:
            address = await self._model.start()
        except LocalModelError:
            raise ProviderUnavailable("The embedded model could not be started.") from None
        if self._server is None or address != self._address:
            if self._server is not None:
                await self._server.aclose()
            settings = OpenAISettings(base_url=f"{address.url}/v1", api_key=address.key)
            # With progress the engine writes while it reads the prompt, and so notices within a
            # batch of tokens that its caller has gone; else it looks once a second.
            self._server = OpenAIProvider(
                settings, self.name, label=self.label, extra_body={"return_progress": True}
            )
            self._address = address
        return self._server

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        if request.model != MODEL:  # the engine answers to any name
            raise ModelNotFound(f"Model not found: here is only the model “{MODEL}”.")
        server = await self._started()
        async with aclosing(server.stream_chat(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:
        raise NotSupported("The embedded model does not make embeddings.")

    async def list_models(self) -> list[Model]:
        return [_MODEL]

    async def window(self, model: str, *, load: bool = False) -> int | None:
        return CONTEXT

    def replies_at_once(self, model: str) -> int | None:
        return SLOTS

    async def health(self) -> None:
        await (await self._started()).health()

    async def warm_up(self) -> None:
        await self._started()

    async def aclose(self) -> None:
        if self._server is not None:
            await self._server.aclose()
            self._server = None
        await self._model.stop()
