"""What goes wrong with OpenAI-compatible servers, and what people get for it."""

from collections.abc import Callable
from contextlib import aclosing

import pytest

from providers import errors
from providers.inference import InferenceProvider
from providers.openai import OpenAIProvider
from tests.providers.connect import inference_at, openai_at
from tests.providers.replies import ask, is_plain
from tests.scripted.ollama_scripts import words
from tests.scripted.openai import ScriptedOpenAI

Compatible = OpenAIProvider | InferenceProvider

REFUSALS = [
    ("missing", errors.ModelNotFound, "“missing”"),
    ("key", errors.ProviderAuthFailed, "key"),
    ("nokey", errors.ProviderAuthFailed, "“nokey”"),
    ("limit", errors.ProviderRateLimited, "Try again in 7 s"),
    ("quota", errors.ProviderRateLimited, "quota"),
    ("busy", errors.ProviderBusy, "busy"),
    ("memory", errors.ProviderFailed, "enough memory"),
    ("toolong", errors.ContextTooLong, "too long"),
    ("odd", errors.RequestRefused, "“seed”"),
    ("html", errors.ProviderFailed, "web page"),
    ("page", errors.ProviderFailed, "web page"),
    ("close", errors.ProviderUnavailable, "closed the connection"),
    ("garbage", errors.StreamBroken, "cannot be read"),
]
BREAKS = [
    ("error", errors.ProviderFailed),
    ("lost", errors.StreamBroken),
    ("fin", errors.StreamBroken),
    ("rst", errors.StreamBroken),
    ("malformed", errors.StreamBroken),
    ("nonobject", errors.StreamBroken),
    ("oddchoice", errors.StreamBroken),
]


@pytest.mark.parametrize(("model", "error", "fact"), REFUSALS)
async def test_refusal(
    compatible: Compatible, model: str, error: type[errors.ProviderError], fact: str
) -> None:
    reply = await ask(compatible, model)
    assert type(reply.error) is error
    assert fact in str(reply.error)
    assert is_plain(reply.error)
    assert reply.content == ""


@pytest.mark.parametrize(("model", "error"), BREAKS)
async def test_broken_stream_keeps_the_text_so_far(
    compatible: Compatible, model: str, error: type[errors.ProviderError]
) -> None:
    reply = await ask(compatible, model)
    assert type(reply.error) is error
    assert is_plain(reply.error)
    assert reply.content == "".join(words(3))


async def test_refusal_is_not_tried_again(
    compatible: Compatible, openai_server: ScriptedOpenAI
) -> None:
    """The official client would, twice; here somebody waits, and knows for how long."""
    for model in ("busy", "limit", "memory", "odd", "close"):
        await ask(compatible, model)
    assert len(openai_server.chats) == 5


async def test_number_that_json_does_not_know(compatible: Compatible) -> None:
    reply = await ask(compatible, "normal", temperature=float("inf"))
    assert type(reply.error) is errors.RequestRefused


async def test_wrong_key(compatible: Compatible, openai_server: ScriptedOpenAI) -> None:
    openai_server.keys = {"another"}
    reply = await ask(compatible, "normal")
    assert type(reply.error) is errors.ProviderAuthFailed
    assert is_plain(reply.error)


@pytest.mark.parametrize("model", ["hang", "late"])
async def test_first_byte_timeout(openai_server: ScriptedOpenAI, model: str) -> None:
    """Headers alone are no sign of a reply."""
    url = f"{openai_server.url}/v1"
    async with aclosing(openai_at(url, first_byte_timeout_s=1.5)) as provider:
        reply = await ask(provider, model)
        assert type(reply.error) is errors.ProviderTimeout
        assert await openai_server.chats[0].wait_ended() == "client_gone"


async def test_gap_timeout_keeps_the_text_so_far(openai_server: ScriptedOpenAI) -> None:
    async with aclosing(openai_at(f"{openai_server.url}/v1", gap_timeout_s=1.0)) as provider:
        reply = await ask(provider, "stall:after=3")
        assert type(reply.error) is errors.ProviderTimeout
        assert reply.content == "".join(words(3))
        assert await openai_server.chats[0].wait_ended() == "client_gone"


async def test_inference_timeout_is_the_configured_one(openai_server: ScriptedOpenAI) -> None:
    """Before the first text and after it."""
    async with aclosing(inference_at(openai_server.url, timeout_s=0.25)) as provider:
        for model in ("late", "stall"):
            assert type((await ask(provider, model)).error) is errors.ProviderTimeout


@pytest.mark.parametrize("provider", [openai_at, inference_at])
async def test_nothing_listens(provider: Callable[..., Compatible]) -> None:
    async with ScriptedOpenAI() as server:
        url = server.url
    async with aclosing(provider(url)) as made:
        reply = await ask(made, "normal")
        assert type(reply.error) is errors.ProviderUnavailable
        assert "Is it running?" in str(reply.error)
        with pytest.raises(errors.ProviderUnavailable):
            await made.health()


@pytest.mark.parametrize("provider", [openai_at, inference_at])
async def test_no_tls_there(
    openai_server: ScriptedOpenAI, provider: Callable[..., Compatible]
) -> None:
    """What the transport knows reaches us through the official client too."""
    async with aclosing(provider(openai_server.url.replace("http:", "https:"))) as made:
        reply = await ask(made, "normal")
    assert type(reply.error) is errors.ProviderUnavailable
    assert "secure connection" in str(reply.error)


@pytest.mark.parametrize("provider", [openai_at, inference_at])
async def test_unknown_host(provider: Callable[..., Compatible]) -> None:
    async with aclosing(provider("http://no-such-host.invalid")) as made:
        reply = await ask(made, "normal")
    assert "not known on the network" in str(reply.error)


async def test_use_after_close(compatible: Compatible) -> None:
    await ask(compatible, "normal")
    await compatible.aclose()
    assert type((await ask(compatible, "normal")).error) is errors.ProviderUnavailable
