"""Every error that the libraries know comes out as one of ours.

The classes are found, not listed: a new version of a library that brings a new one, or raises it
past what we catch, fails here. They are raised where they would come from, in the transport, once
instead of a response and once in the middle of its body.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import aiohttp
import httpx
import ollama as ollama_library
import openai as openai_library
import pytest
from aiohttp.http import HttpProcessingError

from providers import errors, openai
from providers.base import Provider
from providers.bodies import BoundedTransport
from tests.providers.connect import inference_at, ollama_at, openai_at
from tests.providers.replies import ask, is_plain

_ROOTS = (
    httpx.HTTPError,
    httpx.StreamError,
    httpx.InvalidURL,
    aiohttp.ClientError,
    HttpProcessingError,
    OSError,
    ValueError,
)
_OURS = ("httpx", "aiohttp", "ssl", "builtins", "socket", "json")
_LINE = (
    b'{"message":{"role":"assistant","content":"word"},"done":false}\n',
    b'data: {"choices":[{"delta":{"content":"word"}}]}\n\n',
)


def _descendants(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for child in root.__subclasses__():
        yield from _descendants(child)


_CLASSES = sorted(
    {
        cls
        for root in _ROOTS
        for cls in _descendants(root)
        if cls.__module__.partition(".")[0] in _OURS
    },
    key=lambda cls: (cls.__module__, cls.__name__),
)


def _made(cls: type[Exception]) -> Exception:
    """An instance without its arguments, which differ from class to class."""
    return cls.__new__(cls)


@pytest.fixture(params=["ollama", "openai", "inference"])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    url = "http://127.0.0.1:9"
    makers = {"ollama": ollama_at, "openai": openai_at, "inference": inference_at}
    made = makers[request.param](url)
    yield made
    await made.aclose()


async def test_errors_instead_of_a_response(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cls in _CLASSES:

        async def fail(
            _: BoundedTransport, request: httpx.Request, cls: type[Exception] = cls
        ) -> httpx.Response:
            raise _made(cls)

        monkeypatch.setattr(BoundedTransport, "handle_async_request", fail)
        reply = await ask(provider, "m")
        assert reply.error is not None, cls
        assert is_plain(reply.error), cls
        with pytest.raises(errors.ProviderError):
            await provider.list_models()
        with pytest.raises(errors.ProviderError):
            await provider.health()
        assert await provider.window("m") is None


async def test_errors_in_the_middle_of_the_body(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Body(httpx.AsyncByteStream):
        def __init__(self, cls: type[Exception]) -> None:
            self._cls = cls

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield _LINE[provider.name != "ollama"]
            raise _made(self._cls)

    for cls in _CLASSES:

        async def respond(
            _: BoundedTransport, request: httpx.Request, cls: type[Exception] = cls
        ) -> httpx.Response:
            headers = {"content-type": "text/event-stream"}
            return httpx.Response(200, stream=Body(cls), headers=headers, request=request)

        monkeypatch.setattr(BoundedTransport, "handle_async_request", respond)
        reply = await ask(provider, "m")
        assert reply.content == "word", cls
        assert reply.error is not None, cls
        assert is_plain(reply.error), cls


def test_the_classes_are_found() -> None:
    """Nothing above is true of an empty list."""
    assert len(_CLASSES) > 60
    assert {httpx.ReadError, aiohttp.ClientPayloadError, ConnectionResetError} <= set(_CLASSES)


@pytest.mark.parametrize(
    "cls", list(_descendants(openai_library.OpenAIError)), ids=lambda cls: cls.__name__
)
def test_every_error_of_the_openai_client(cls: type[openai_library.OpenAIError]) -> None:
    """It becomes something that the provider catches."""
    error = _made(cls)
    error.status_code = 500  # type: ignore[attr-defined]
    caught = (errors.ProviderError, openai.transport.RefusalError)
    assert isinstance(openai._unwrapped(error), caught)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["ResponseError", "RequestError"])
async def test_every_error_of_the_ollama_client(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise getattr(ollama_library, name)("text of the library with http://10.0.0.1")

    monkeypatch.setattr(ollama_library.AsyncClient, "chat", fail)
    async with aclosing(ollama_at("http://127.0.0.1:9")) as provider:
        reply = await ask(provider, "m")
        assert reply.error is not None
        assert is_plain(reply.error)


def test_the_ollama_client_has_no_other_errors() -> None:
    found = {
        name
        for name, value in vars(ollama_library).items()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
    assert found == {"ResponseError", "RequestError"}
