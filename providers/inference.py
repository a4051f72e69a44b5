"""The inference service of the requirements: chat completions under `/inference/`.

It may spell its answers in snake_case or in camelCase, and may leave the finish reason out.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from providers import transport
from providers.bodies import pieces_of
from providers.config import InferenceSettings, Timeouts
from providers.openai_base import OpenAIBase, StreamedResponse

_CHAT = "/inference/chat/completions"
_MODELS = "/inference/models"
_ACCEPT = {"Accept": "text/event-stream, application/json"}


class InferenceProvider(OpenAIBase):
    label = "The inference service"

    def __init__(self, settings: InferenceSettings, name: str = "inference") -> None:
        self.name = name
        self.label = settings.access.label or self.label
        headers, limit_s = transport.bearer(settings.api_key), settings.timeout_s
        super().__init__(
            transport.ServerClient(settings.url, self.label, headers, access=settings.access),
            Timeouts(first_byte_timeout_s=limit_s, gap_timeout_s=limit_s),
        )

    @asynccontextmanager
    async def _send(self, body: dict[str, Any]) -> AsyncIterator[StreamedResponse]:
        async with self._server.post(_CHAT, body, _ACCEPT) as response:
            yield StreamedResponse(response.headers.get("content-type", ""), pieces_of(response))

    async def _fetch_models(self) -> bytes:
        return await self._server.fetch("GET", _MODELS)
