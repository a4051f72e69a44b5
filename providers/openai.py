"""OpenAI, and servers that speak its API, through the official client. The only file that knows
that client.

Its requests run on our own connections, and its streams are read as bytes: its reader hides
whether the end mark came, fails on harmless keep-alives, and builds an object for every token.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

import openai

from providers import bodies, errors, openai_request, transport
from providers.bodies import pieces_of, read_whole
from providers.config import OPENAI_URL, OpenAISettings
from providers.openai_base import FAILURES, OpenAIBase, StreamedResponse
from providers.refusals import Refusal
from providers.silence import no_answer
from providers.types import Embeddings, Model

# Of OpenAI's own list, what neither chats nor embeds; it does not say so itself.
_NOT_FOR_CHAT = (
    *("tts", "whisper", "transcribe", "dall-e", "image", "sora", "moderation", "realtime"),
    *("audio", "davinci", "babbage", "instruct"),
)

# The connections send the key, if there is one: some servers refuse a key that they do not know.
_NO_KEY: dict[str, Any] = {"Authorization": openai.Omit()}
# How the client is asked for a response whose body is not read yet.
_STREAMED: dict[str, Any] = {**_NO_KEY, "X-Stainless-Raw-Response": "stream"}


class OpenAIProvider(OpenAIBase):
    def __init__(
        self,
        settings: OpenAISettings,
        name: str = "openai",
        *,
        label: str = "",
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        """`label` and `extra_body` (more fields for every chat request) are for servers that we
        start ourselves."""
        self.name = name
        self._settings = settings
        base_url = settings.base_url.strip().rstrip("/") or OPENAI_URL
        host = urlsplit(base_url).hostname or ""
        self._is_openai = host.endswith((".openai.com", ".openai.azure.com"))
        self.label = (
            label
            or settings.access.label
            or ("OpenAI" if self._is_openai else "The OpenAI-compatible server")
        )
        self._extra_body = extra_body
        self._client: openai.AsyncOpenAI | None = None
        self._headers: dict[str, str] = {}  # that the client sends with everything
        super().__init__(
            transport.ServerClient(
                base_url,
                self.label,
                headers=transport.bearer(settings.api_key),
                access=settings.access,
            ),
            settings,
            remote=True if self._is_openai else None,
            # OpenAI has given the old name up; most other servers know only that one.
            renamed={"max_tokens": "max_completion_tokens"} if self._is_openai else None,
        )

    async def list_models(self) -> list[Model]:
        try:
            models = await super().list_models()
        except (errors.ModelNotFound, errors.ProviderFailed, errors.RequestRefused):
            # Some servers have no list, such as deployments at Azure.
            if not (listed := self._settings.models):
                raise
            models = [Model(name=name, label=name, remote=self._remote) for name in listed]
        if self._is_openai:
            models = [
                replace(m, capabilities=("embedding",)) if "embedding" in m.name else m
                for m in models
                if not any(word in m.name for word in _NOT_FOR_CHAT)
            ]
        first = self._settings.chat_model
        if not first:
            return models
        chosen = [m for m in models if m.name == first]
        unlisted = Model(name=first, label=first, remote=self._remote)
        return [*(chosen or [unlisted]), *(m for m in models if m.name != first)]

    @asynccontextmanager
    async def _send(self, body: dict[str, Any]) -> AsyncIterator[StreamedResponse]:
        """The client says with which headers; the connections that it was given send it. Its own
        way there puts the same address and headers together for each request, which took a seventh
        of a turn."""
        await self._opened()
        whole = {**body, **(self._extra_body or {})}
        async with self._server.post("/chat/completions", whole, self._headers) as response:
            yield StreamedResponse(response.headers.get("content-type", ""), pieces_of(response))

    async def embed(
        self, model: str, texts: Sequence[str], dimensions: int | None = None
    ) -> Embeddings:
        limit_s = self._timeouts.first_byte_timeout_s
        # Not base64, which other servers do not know.
        asked: dict[str, Any] = {"model": model, "input": list(texts), "encoding_format": "float"}
        if dimensions is not None:
            asked["dimensions"] = dimensions
        try:
            async with asyncio.timeout(limit_s), self._connected() as client:
                # Below `create`, which would load all of the client's types.
                response: Any = await client.post(
                    "/embeddings", cast_to=object, body=asked, options={"headers": _STREAMED}
                )
                try:
                    most = bodies.most_of_vectors(len(texts))
                    body = await read_whole(response.iter_bytes(), most)
                finally:
                    await response.close()
            return await asyncio.to_thread(openai_request.embeddings, body, len(texts), self.label)
        except TimeoutError as exc:
            raise no_answer(self.label, limit_s) from exc
        except FAILURES as exc:
            raise transport.to_provider_error(exc, self.label, model, begun=False) from exc

    async def _fetch_models(self) -> bytes:
        async with (
            self._connected() as client,
            client.models.with_streaming_response.list(extra_headers=_NO_KEY) as response,
        ):
            return await read_whole(response.iter_bytes())

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[openai.AsyncOpenAI]:
        """The client. Its errors are raised as the transport's, which tell more."""
        client = await self._opened()
        try:
            yield client
        except openai.OpenAIError as exc:
            error = _unwrapped(exc)
            raise error from error.__cause__  # which tells what really happened

    async def _opened(self) -> openai.AsyncOpenAI:
        http_client = await self._server.open()
        if self._client is None:
            self._client = openai.AsyncOpenAI(
                api_key="none",  # see `_NO_KEY`
                base_url=self._server.url,
                # Trying again is for the caller, who knows how long somebody has waited.
                max_retries=0,
                http_client=cast("Any", http_client),
            )
            every = self._client.default_headers
            self._headers = {name: said for name, said in every.items() if isinstance(said, str)}
        return self._client


def _unwrapped(exc: openai.OpenAIError) -> Exception:
    if isinstance(exc, openai.APIConnectionError) and isinstance(exc.__cause__, transport.FAILURES):
        return exc.__cause__
    if isinstance(exc, openai.APIStatusError):
        return transport.RefusalError(Refusal(status=exc.status_code))
    return errors.ProviderFailed("The request could not be sent.")
