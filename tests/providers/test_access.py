"""What a server is told and shown besides its address: headers, a query, an authority."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from providers import errors
from providers.config import Access
from tests.providers.connect import inference_at, ollama_at, openai_at
from tests.providers.replies import ask
from tests.scripted.ollama import ScriptedOllama
from tests.scripted.openai import ScriptedOpenAI
from tests.scripted.server import ScriptedServer

KINDS: list[tuple[Callable[..., Any], type[ScriptedServer], str]] = [
    (ollama_at, ScriptedOllama, ""),
    (openai_at, ScriptedOpenAI, "/v1"),
    (inference_at, ScriptedOpenAI, ""),
]
of_each_kind = pytest.mark.parametrize(("at", "server_kind", "path"), KINDS)


@of_each_kind
async def test_headers_and_query_are_sent_with_everything(at, server_kind, path: str):
    """A header of one's own wins over the key's."""
    access = Access(headers={"Authorization": "Key k", "X-Team": "green"}, query={"v": "1 &"})
    async with server_kind("normal") as server:
        provider = at(f"{server.url}{path}", api_key="sk-secret-1", access=access)
        await provider.list_models()
        await ask(provider, "normal")
        await ask(provider, "sticky")
        await ask(provider, "sticky")
        await provider.aclose()
        for exchange in server.exchanges:
            told = (exchange.headers["authorization"], exchange.headers["x-team"], exchange.query)
            assert told == ("Key k", "green", {"v": "1 &"}), exchange.path
        # A cookie is how some proxies find the same server again.
        assert [chat.headers.get("cookie") for chat in server.chats] == [None, None, "place=2"]


@pytest.fixture
def authority(tmp_path: Path) -> tuple[str, ssl.SSLContext]:
    """A certificate for this machine that nobody else has signed, and a server's context for it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "models")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "server.pem").write_bytes(secret + pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem")
    return pem.decode(), context


@of_each_kind
async def test_an_authority_of_its_own_is_trusted(authority, at, server_kind, path: str):
    """For this connection alone."""
    pem, context = authority
    server = server_kind("normal")
    await server.start(tls=context)
    url = f"{server.url.replace('http:', 'https:')}{path}"
    trusting, other = at(url, access=Access(ca=pem)), at(url)
    assert "normal" in [model.name for model in await trusting.list_models()]
    with pytest.raises(errors.ProviderUnavailable, match="certificate is not trusted"):
        await other.list_models()
    for provider in (trusting, other):
        await provider.aclose()
    await server.stop()


async def test_a_server_without_a_list_offers_the_models_that_were_named(
    openai_server: ScriptedOpenAI,
):
    """As deployments at Azure; without names it says what is wrong."""
    address = f"{openai_server.url}/openai/deployments/gpt"
    for names in ((), ("gpt", "mini")):
        provider = openai_at(address, models=names)
        if names:
            assert tuple(model.name for model in await provider.list_models()) == names
        else:
            with pytest.raises(errors.ProviderFailed):
                await provider.list_models()
        await provider.aclose()


async def test_an_ollama_is_recognised_by_its_v1(
    ollama_server: ScriptedOllama, openai_server: ScriptedOpenAI
):
    """Not another server, nor at another address."""
    found = []
    for url in (f"{ollama_server.url}/v1", ollama_server.url, f"{openai_server.url}/v1"):
        provider = openai_at(url)
        found.append(await provider.native_url())
        await provider.aclose()
    assert found == [ollama_server.url, "", ""]
