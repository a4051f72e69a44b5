"""A request to `/v1/embeddings`, and its answer."""

import os
import struct
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from django.conf import settings
from pydantic import BeforeValidator, Field

from providers.types import Embeddings
from streaming.v1.fields import Body, Count, ModelName, refuse, texts

TEXTS = 2048
# Programs that cut long texts into pieces send tokens, in this encoding whatever the model.
ENCODING = "cl100k_base"
_FILE = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"  # how tiktoken calls it in its folder
_NO_TOKENS = (
    "Send texts, not tokens (with LangChain: check_embedding_ctx_length=False). The server reads "
    "tokens when it has tiktoken and TIKTOKEN_CACHE_DIR names a folder with this encoding"
)


def _decode(value: Any) -> Any:
    """Read lists of tokens as the texts that they stand for."""
    if not isinstance(value, list) or not value:
        return value
    if all(isinstance(token, int) for token in value):
        value = [value]
    if not all(isinstance(tokens, list) for tokens in value):
        return value
    encoding = _encoding()
    if encoding is None:
        refuse(_NO_TOKENS)
    try:
        return [encoding.decode(tokens) for tokens in value]
    except (KeyError, TypeError, ValueError, OverflowError):
        return refuse(f"Must be tokens of {ENCODING}")


@cache
def _encoding() -> Any:
    """The encoding, if the library and its file are there: without, it would fetch the file."""
    if not Path(settings.TIKTOKEN_CACHE_DIR, _FILE).is_file():
        return None
    try:
        import tiktoken
    except ImportError:
        return None
    os.environ["TIKTOKEN_CACHE_DIR"] = settings.TIKTOKEN_CACHE_DIR
    return tiktoken.get_encoding(ENCODING)


class EmbeddingsRequest(Body):
    model: Annotated[ModelName, Field(min_length=1)]
    input: Annotated[tuple[str, ...], texts(TEXTS, least=1), BeforeValidator(_decode)]
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
