"""The inference service of the requirements: chat completions under `/inference/`.

It may spell its answers in snake_case or in camelCase, and may leave the finish reason out.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

from providers import transport
from providers.openai_base import Answer, CompletionsProvider

_CHAT = "/inference/chat/completions"
_MODELS = "/inference/models"


class InferenceProvider(CompletionsProvider):
    """`timeout_s` is both the wait for the first text and the longest silence after it."""

    def __init__(
        self, url: str, *, api_key: str = "", timeout_s: float = 30.0, name: str = "inference"
    ) -> None:
        self.name = name
        self.label = "The inference service"
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        super().__init__(
            transport.Connection(url.strip().rstrip("/"), self.label, headers=headers),
            first_byte_timeout_s=timeout_s,
            gap_timeout_s=timeout_s,
        )

    def _send(self, body: dict[str, Any]) -> AbstractAsyncContextManager[Answer]:
        return self._sent(body)

    @asynccontextmanager
    async def _sent(self, body: dict[str, Any]) -> AsyncIterator[Answer]:
        client = await self._connection.open()
        headers = {"Accept": "text/event-stream, application/json"}
        async with client.stream("POST", _CHAT, json=body, headers=headers) as response:
            pieces = cast("AsyncGenerator[bytes]", response.aiter_bytes())
            yield Answer(response.headers.get("content-type", ""), pieces)

    async def _fetch_models(self) -> bytes:
        client = await self._connection.open()
        return (await client.get(_MODELS)).content
