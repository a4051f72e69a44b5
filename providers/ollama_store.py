"""The models that an Ollama keeps: pulled, deleted, loaded and unloaded for people who run it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from providers import errors, ollama_models, transport, values
from providers.base import ModelStore
from providers.refusals import read_error, refusal_error
from providers.silence import no_answer
from providers.stream_reader import StreamReader
from providers.types import LoadedModel, Progress

# Seconds for a deletion or for taking a model out of memory, and the longest silence of a pull,
# during which what has come is verified.
CHANGE_S = 30.0
SILENCE_S = 600.0
LIST_S = 5.0
# How many parts of a model are counted; the largest have some dozens.
MOST_PARTS = 1000

_FAILURES: tuple[type[Exception], ...] = (*transport.FAILURES, transport.RefusalError)


class OllamaStore(ModelStore):
    """`forget` is told a model that has changed."""

    def __init__(
        self, server: transport.ServerClient, label: str, forget: Callable[[str], None]
    ) -> None:
        self._server, self._label, self._forget = server, label, forget

    async def loaded(self) -> list[LoadedModel]:
        """See `ModelStore`."""
        data = values.mapping(values.decoded(await self._fetch("GET", "/api/ps", None, LIST_S)))
        return [
            LoadedModel(
                name=ollama_models.name_of(entry),
                size_bytes=values.positive(entry.get("size"), values.MOST_BYTES),
                vram_bytes=values.count(entry.get("size_vram"), values.MOST_BYTES),
                window=values.positive(entry.get("context_length")),
                until=_moment(entry.get("expires_at")),
            )
            for entry in ollama_models.entries(data)
        ]

    async def pull(self, model: str) -> AsyncGenerator[Progress]:
        """See `ModelStore`. What has come stays when it is cancelled: the next pull goes on."""
        parts: dict[str, tuple[int, int]] = {}
        reader = StreamReader()
        done = False
        try:
            client = await self._server.open()
            async with client.stream(
                "POST", "/api/pull", json={"model": model, "stream": True}
            ) as response:
                pieces = response.aiter_bytes()
                while not done:
                    async with asyncio.timeout(SILENCE_S):
                        piece = await anext(pieces, None)
                    for document in reader.end() if piece is None else reader.feed(piece):
                        line = values.mapping(values.decoded(document))
                        if "error" in line:
                            raise self._refused(line, model)
                        done = done or line.get("status") == "success"
                        _count(line, parts)
                        yield _progress(parts)
                    if piece is None:
                        break
        except TimeoutError as exc:
            raise no_answer(self._label, SILENCE_S) from exc
        except _FAILURES as exc:
            raise transport.to_provider_error(exc, self._label, model, begun=bool(parts)) from exc
        if not done:
            raise errors.StreamBroken(
                f"{self._label} ended the download before it was complete.",
                reason="download_incomplete",
            )
        self._forget(model)

    async def delete(self, model: str) -> None:
        """See `ModelStore`."""
        await self._fetch("DELETE", "/api/delete", {"model": model}, CHANGE_S)
        self._forget(model)

    async def unload(self, model: str) -> None:
        """See `ModelStore`."""
        body = {"model": model, "keep_alive": 0, "stream": False}
        await self._fetch("POST", "/api/generate", body, CHANGE_S)

    async def _fetch(
        self, method: str, path: str, body: dict[str, Any] | None, within_s: float
    ) -> bytes:
        model = str((body or {}).get("model", ""))
        try:
            async with asyncio.timeout(within_s):
                return await self._server.fetch(method, path, json=body)
        except TimeoutError as exc:
            raise no_answer(self._label, within_s) from exc
        except _FAILURES as exc:
            raise transport.to_provider_error(exc, self._label, model, begun=False) from exc

    def _refused(self, line: Mapping[str, Any], model: str) -> errors.ProviderError:
        refusal = read_error(line)
        if "file does not exist" in refusal.text:
            return errors.ModelNotFound(
                f"There is no model “{model}” to pull.", reason="model_unknown"
            )
        if "no space left" in refusal.text:
            return errors.ProviderFailed(f"The disk of {self._label} is full.", reason="disk_full")
        error = refusal_error(refusal, self._label, model)
        if type(error) is errors.ProviderFailed:  # whose sentence is about a reply
            return errors.ProviderFailed(
                f"{self._label} could not pull the model “{model}”.", reason="pull_failed"
            )
        return error


def _count(line: Mapping[str, Any], parts: dict[str, tuple[int, int]]) -> None:
    """Remember how much of a part has come, which a line of a pull tells."""
    digest = values.identifier(line.get("digest"))
    total = values.positive(line.get("total"), values.MOST_BYTES)
    if digest and total and (digest in parts or len(parts) < MOST_PARTS):
        done = values.count(line.get("completed"), values.MOST_BYTES) or 0
        parts[digest] = min(done, total), total


def _progress(parts: Mapping[str, tuple[int, int]]) -> Progress:
    return Progress(
        sum(done for done, _ in parts.values()), sum(all_ for _, all_ in parts.values())
    )


def _moment(value: object) -> datetime | None:
    """A time of Ollama's, which may have nine decimals."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
