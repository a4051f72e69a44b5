"""`/v1/completions`: its request, and its answer. The prompt is the message of a chat."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from providers.types import ChatMessage, Chunk
from streaming.v1.chat_request import WrittenRequest
from streaming.v1.chat_response import Completion
from streaming.v1.fields import Word
from streaming.v1.reply_request import ParsedRequest
from streaming.v1.sse import Json


def _only_one(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


class CompletionRequest(WrittenRequest):
    prompt: Annotated[Word, BeforeValidator(_only_one)]
    suffix: Word | None = None
    echo: bool = False
    best_of: Annotated[int, Field(ge=1, le=1)] = 1
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None

    @classmethod
    def parse(cls, data: object) -> ParsedRequest:
        """The request in a body. Raises `InvalidInput`."""
        body = cls.read(data)
        return body.parsed(
            [ChatMessage("user", body.prompt)],
            include_usage=body.stream_options.include_usage,
            echo={"prompt": body.prompt} if body.echo else None,
            max_tokens=body.max_tokens,
            top_logprobs=body.logprobs,
        )


class TextCompletion(Completion):
    """One completion; as a `Writer` it streams."""

    prefix, kind, event_kind = "cmpl", "text_completion", "text_completion"

    def begin(self) -> bytes:
        prompt = self._request.echo.get("prompt")
        return self._chunk({"content": prompt}) if prompt else b""

    def _choice(self, chunks: Sequence[Chunk]) -> Json:
        text = "".join(chunk.content for chunk in chunks)
        logprobs = [entry for chunk in chunks for entry in chunk.logprobs]
        choice = _choice(self._request.echo.get("prompt", "") + text, logprobs)
        if reasoning := "".join(chunk.reasoning for chunk in chunks):
            choice["reasoning_content"] = reasoning
        return choice

    def _delta(self, delta: Json, logprobs: Sequence[Any]) -> Json:
        return {**_choice(delta.pop("content", ""), logprobs), **delta}


def _choice(text: str, logprobs: Sequence[Any]) -> Json:
    choice: Json = {"index": 0, "text": text, "logprobs": None}
    if logprobs:
        tokens = [entry["token"] for entry in logprobs]
        choice["logprobs"] = {
            "tokens": tokens,
            "token_logprobs": [entry["logprob"] for entry in logprobs],
            "top_logprobs": [
                {other["token"]: other["logprob"] for other in entry.get("top_logprobs") or ()}
                for entry in logprobs
            ],
            "text_offset": [0, *accumulate(map(len, tokens))][:-1],
        }
    return choice
