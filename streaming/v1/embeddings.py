"""A request to `/v1/embeddings`, and its answer."""

import struct
from base64 import b64encode
from typing import Annotated, Any, Literal

from pydantic import Field

from providers.types import Embeddings
from streaming.v1.fields import Body, Count, ModelName, texts

TEXTS = 2048


class EmbeddingsRequest(Body):
    model: Annotated[ModelName, Field(min_length=1)]
    input: Annotated[tuple[str, ...], texts(TEXTS, least=1)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Count | None = None

    def answer(self, embeddings: Embeddings, tokens: int) -> dict[str, Any]:
        """The vectors, in base64 as 32 bit floats where OpenAI's clients ask for it."""
        names = ("prompt_tokens", "total_tokens", "promptTokens", "totalTokens")
        vectors = embeddings.vectors
        packed = map(_pack, vectors) if self.encoding_format == "base64" else vectors
        data = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(packed)
        ]
        usage = dict.fromkeys(names, tokens)
        return {"object": "list", "data": data, "model": self.model, "usage": usage}


def _pack(vector: tuple[float, ...]) -> str:
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
