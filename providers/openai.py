"""OpenAI, and servers that speak its API, through the official client. The only file that knows
that client.

Its requests run on our own connections, and its streams are read as bytes: its reader hides
whether the end mark came, fails on harmless keep-alives, and builds an object for every token.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

import openai

from providers import errors, openai_request, transport
from providers.complaints import Complaint
from providers.openai_base import Answer, CompletionsProvider
from providers.types import Embeddings, Model

_FAILURES: tuple[type[Exception], ...] = (*transport.FAILURES, transport.Refused)

OPENAI_URL = "https://api.openai.com/v1"
# Of OpenAI's own list, what neither chats nor embeds; it does not say so itself.
_NOT_FOR_CHAT = (
    "tts",
    "whisper",
    "transcribe",
    "dall-e",
    "image",
    "sora",
    "moderation",
    "realtime",
    "audio",
    "davinci",
    "babbage",
    "instruct",
)


class OpenAIProvider(CompletionsProvider):
    """`chat_model`, when given, is listed first, and also where the server does not list it."""

    def __init__(
        self,
        base_url: str = OPENAI_URL,
        *,
        api_key: str = "",
        chat_model: str = "",
        name: str = "openai",
        first_byte_timeout_s: float = 300.0,
        gap_timeout_s: float = 60.0,
    ) -> None:
        self.name = name
        self._base_url = base_url.strip().rstrip("/") or OPENAI_URL
        self._api_key = api_key
        self._chat_model = chat_model
        host = urlsplit(self._base_url).hostname or ""
        self._is_openai = host.endswith((".openai.com", ".openai.azure.com"))
        self.label = "OpenAI" if self._is_openai else "The OpenAI-compatible server"
        self._client: openai.AsyncOpenAI | None = None
        super().__init__(
            transport.Connection(self._base_url, self.label),
            first_byte_timeout_s=first_byte_timeout_s,
            gap_timeout_s=gap_timeout_s,
            remote=True if self._is_openai else None,
            # OpenAI has given the old name up; most other servers know only that one.
            renamed={"max_tokens": "max_completion_tokens"} if self._is_openai else None,
        )

    async def list_models(self) -> list[Model]:
        found = await super().list_models()
        if self._is_openai:
            found = [
                replace(m, capabilities=("embedding",)) if "embedding" in m.name else m
                for m in found
                if not any(word in m.name for word in _NOT_FOR_CHAT)
            ]
        if not self._chat_model:
            return found
        chosen = [m for m in found if m.name == self._chat_model]
        others = [m for m in found if m.name != self._chat_model]
        unlisted = Model(name=self._chat_model, label=self._chat_model, remote=self._remote)
        return [*(chosen or [unlisted]), *others]

    def _send(self, body: dict[str, Any]) -> AbstractAsyncContextManager[Answer]:
        return self._sent(body)

    @asynccontextmanager
    async def _sent(self, body: dict[str, Any]) -> AsyncIterator[Answer]:
        client = await self._opened()
        try:
            async with client.chat.completions.with_streaming_response.create(
                **body, extra_headers=self._headers()
            ) as response:
                pieces = cast("AsyncGenerator[bytes]", response.iter_bytes())
                yield Answer(response.headers.get("content-type", ""), pieces)
        except openai.OpenAIError as exc:
            error = _unwrapped(exc)
            raise error from error.__cause__  # which tells what really happened

    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:
        client = await self._opened()
        try:
            async with (
                asyncio.timeout(self._first_byte_timeout_s),
                client.embeddings.with_streaming_response.create(
                    model=model,
                    input=list(texts),
                    # Not base64, which other servers do not know.
                    encoding_format="float",
                    dimensions=openai.Omit() if dimensions is None else dimensions,
                    extra_headers=self._headers(),
                ) as response,
            ):
                body = await response.read()
            return openai_request.embeddings(body, len(texts), self.label)
        except TimeoutError as exc:
            raise transport.Patience(self._first_byte_timeout_s, 0).ended(self.label) from exc
        except openai.OpenAIError as exc:
            raise transport.explain(_unwrapped(exc), self.label, model, begun=False) from exc
        except _FAILURES as exc:
            raise transport.explain(exc, self.label, model, begun=False) from exc

    async def _fetch_models(self) -> bytes:
        client = await self._opened()
        try:
            async with client.models.with_streaming_response.list(
                extra_headers=self._headers()
            ) as response:
                return await response.read()
        except openai.OpenAIError as exc:
            error = _unwrapped(exc)
            raise error from error.__cause__  # which tells what really happened

    def _headers(self) -> dict[str, Any]:
        """Without a key no header is sent: some servers refuse one that they do not know."""
        return {} if self._api_key else {"Authorization": openai.Omit()}

    async def _opened(self) -> openai.AsyncOpenAI:
        http_client = await self._connection.open()
        if self._client is None:
            self._client = openai.AsyncOpenAI(
                api_key=self._api_key or "none",
                base_url=self._base_url,
                # Trying again is for the caller, who knows how long somebody has waited.
                max_retries=0,
                http_client=cast("Any", http_client),
            )
        return self._client


def _unwrapped(exc: openai.OpenAIError) -> Exception:
    """The transport's error that the client has wrapped, which tells more."""
    if isinstance(exc, openai.APIConnectionError) and isinstance(exc.__cause__, transport.FAILURES):
        return exc.__cause__
    if isinstance(exc, openai.APIStatusError):
        return transport.Refused(Complaint(status=exc.status_code))
    return errors.ProviderFailed("The request could not be sent.")
