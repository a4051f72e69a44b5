"""A provider without a model: it repeats the last message. To try things out, and for tests."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

from providers.base import Provider, ProviderRole
from providers.errors import NotSupported
from providers.types import ChatRequest, Chunk, Embeddings, Finish, Model, Usage

# Seconds per piece, and for how many pieces: enough to see the text stream, and a long text
# does not take minutes.
PACE_S = 0.01
PACED_PIECES = 200

_PIECE = re.compile(r"\S+\s*|\s+")
EMPTY_REPLY = "(The message was empty.)"


class EchoProvider(Provider):
    """Answers with the last user message, word by word."""

    label = "Echo"
    role = ProviderRole.BY_NAME

    def __init__(self, name: str = "echo") -> None:
        self.name = name

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[Chunk]:
        """See `Provider`. Ignores `max_tokens`."""
        text = next((m.content for m in reversed(request.messages) if m.role == "user"), "")
        yield Chunk(phase="generating")
        for index, piece in enumerate(_PIECE.findall(text or EMPTY_REPLY)):
            await asyncio.sleep(PACE_S if index < PACED_PIECES else 0)
            yield Chunk(content=piece)
        prompt = sum(len(message.content) for message in request.messages)
        usage = Usage(prompt_tokens=prompt // 4, completion_tokens=len(text or EMPTY_REPLY) // 4)
        yield Chunk(finish=Finish(reason="stop", usage=usage))

    async def list_models(self) -> list[Model]:
        return [Model(name="echo", label="Echo", capabilities=("completion",), remote=False)]

    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:
        raise NotSupported("Echo does not make embeddings.")

    async def window(self, model: str, *, load: bool = False) -> int | None:
        return None

    async def health(self) -> None:
        return None

    async def aclose(self) -> None:
        return None
