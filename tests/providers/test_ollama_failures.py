"""What goes wrong with Ollama, and the error and sentence that people get for it."""

from contextlib import aclosing

import pytest

from providers import errors
from providers.ollama import OllamaProvider
from tests.providers.connect import ollama_at
from tests.providers.replies import ask, is_plain, request
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.ollama_scripts import words

REFUSALS = [
    ("missing", errors.ModelNotFound, "“missing”"),
    ("nothink", errors.RequestRefused, "does not support thinking"),
    ("notools", errors.RequestRefused, "does not support tools"),
    ("memory", errors.ProviderFailed, "enough memory"),
    ("busy", errors.ProviderBusy, "Try again in a moment"),
    ("signin", errors.ProviderAuthFailed, "sign-in"),
    ("limit", errors.ProviderRateLimited, "Try again in 7 s"),
    ("html", errors.ProviderFailed, "web page"),
    ("forbidden", errors.ProviderAuthFailed, "does not accept requests"),
    ("toolong", errors.ContextTooLong, "too long"),
    ("nocloud", errors.ProviderAuthFailed, "switched off"),
    ("hidden", errors.ProviderFailed, "address"),
    ("close", errors.ProviderUnavailable, "closed the connection"),
    ("garbage", errors.StreamBroken, "cannot be read"),
    ("first_error", errors.ProviderFailed, "stopped"),
]
BREAKS = [
    ("error", errors.ProviderFailed),
    ("error_json", errors.ProviderFailed),
    ("error_list", errors.StreamBroken),
    ("error_context", errors.ContextTooLong),
    ("fin", errors.StreamBroken),
    ("rst", errors.StreamBroken),
    ("cut", errors.StreamBroken),
    ("nodone", errors.StreamBroken),
    ("malformed", errors.StreamBroken),
    ("blank", errors.StreamBroken),
    ("nonobject", errors.StreamBroken),
    ("nomessage", errors.StreamBroken),
    ("deep", errors.StreamBroken),
]


@pytest.mark.parametrize(("model", "error", "fact"), REFUSALS)
async def test_refusal(
    ollama: OllamaProvider, model: str, error: type[errors.ProviderError], fact: str
) -> None:
    """Before any text: the type for programs, a sentence with the useful fact for people."""
    reply = await ask(ollama, model)
    assert type(reply.error) is error
    assert fact in str(reply.error)
    assert is_plain(reply.error)
    assert reply.content == ""


@pytest.mark.parametrize(("model", "error"), BREAKS)
async def test_broken_stream_keeps_the_text_so_far(
    ollama: OllamaProvider, model: str, error: type[errors.ProviderError]
) -> None:
    reply = await ask(ollama, model)
    assert type(reply.error) is error
    assert is_plain(reply.error)
    assert reply.content == "".join(words(3))


async def test_broken_http_framing(ollama: OllamaProvider) -> None:
    """Text in the same segment as the fault may be lost with it; the error is still ours."""
    assert type((await ask(ollama, "badchunk")).error) is errors.StreamBroken


async def test_rate_limit_tells_when_to_come_back(ollama: OllamaProvider) -> None:
    error = (await ask(ollama, "limit")).error
    assert error is not None
    assert error.retry_after == 7.0


async def test_nothing_listens() -> None:
    async with ScriptedOllama() as server:
        url = server.url
    async with aclosing(ollama_at(url)) as provider:
        reply = await ask(provider, "normal")
        assert type(reply.error) is errors.ProviderUnavailable
        assert "Is it running?" in str(reply.error)


async def test_no_tls_there(ollama_server: ScriptedOllama) -> None:
    """An `https` address for a server that speaks plain HTTP."""
    async with aclosing(ollama_at(ollama_server.url.replace("http:", "https:"))) as provider:
        reply = await ask(provider, "normal")
        assert type(reply.error) is errors.ProviderUnavailable
        assert "secure connection" in str(reply.error)


async def test_unknown_host() -> None:
    async with aclosing(ollama_at("http://no-such-host.invalid:11434")) as provider:
        reply = await ask(provider, "normal")
        assert type(reply.error) is errors.ProviderUnavailable
        assert "not known on the network" in str(reply.error)


async def test_address_that_is_none() -> None:
    async with aclosing(ollama_at("http://127.0.0.1:port")) as provider:
        reply = await ask(provider, "normal")
        assert type(reply.error) is errors.ProviderUnavailable
        assert "is not valid" in str(reply.error)


async def test_text_that_cannot_be_encoded(ollama: OllamaProvider) -> None:
    """Half of a surrogate pair, which JSON from a browser may hold."""
    reply = await ask(ollama, "normal", "cut in half: \ud83d")
    assert type(reply.error) is errors.RequestRefused


async def test_number_that_json_does_not_know(ollama: OllamaProvider) -> None:
    reply = await ask(ollama, "normal", temperature=float("nan"))
    assert type(reply.error) is errors.RequestRefused


async def test_first_byte_timeout(ollama_server: ScriptedOllama) -> None:
    """No byte within our silence; the server sees that we have gone."""
    async with aclosing(ollama_at(ollama_server.url, first_byte_timeout_s=1.5)) as provider:
        reply = await ask(provider, "hang")
        assert type(reply.error) is errors.ProviderTimeout
        assert "within 1.5 s" in str(reply.error)
        assert await ollama_server.chats[0].wait_ended() == "client_gone"


# Longer than a busy machine is silent by itself.
GAP_S = 1.0


async def test_gap_timeout_keeps_the_text_so_far(ollama_server: ScriptedOllama) -> None:
    async with aclosing(ollama_at(ollama_server.url, gap_timeout_s=GAP_S)) as provider:
        reply = await ask(provider, "stall:after=3")
        assert type(reply.error) is errors.ProviderTimeout
        assert reply.content == "".join(words(3))
        assert await ollama_server.chats[0].wait_ended() == "client_gone"


async def test_slow_first_token_is_not_a_gap(ollama_server: ScriptedOllama) -> None:
    """Loading takes longer than any gap inside a reply may."""
    async with aclosing(
        ollama_at(ollama_server.url, first_byte_timeout_s=60, gap_timeout_s=GAP_S)
    ) as provider:
        reply = await ask(provider, f"slow:first={1.5 * GAP_S}")
        assert reply.finish.reason == "stop"


async def test_use_after_close(ollama: OllamaProvider) -> None:
    await ask(ollama, "normal")
    await ollama.aclose()
    assert type((await ask(ollama, "normal")).error) is errors.ProviderUnavailable


async def test_close_under_a_stream(ollama: OllamaProvider, ollama_server: ScriptedOllama) -> None:
    """What still runs ends with an error of ours."""
    stream = ollama.stream_chat(request("stall:after=1"))
    while not (await anext(stream)).content:
        pass
    await ollama.aclose()
    with pytest.raises(errors.StreamBroken):
        async for _ in stream:
            pass
