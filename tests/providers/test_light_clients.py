"""Clients without what they make at once, in a process of its own: the tests load them whole."""

import os
import subprocess
import sys

import certifi

from tests.harness.clerk import ROOT

LOADED = """
import ssl
from providers import light_clients
light_clients.load_aiohttp()
light_clients.load_ollama()
import aiohttp, httpx, ollama, pydantic
from aiohttp import connector
tls = connector._SSL_CONTEXT_VERIFIED
assert tls.cert_store_stats()["x509_ca"] == 0
assert not ollama._types.ChatRequest.__pydantic_complete__
assert "_made" not in vars(ollama.chat.__self__._client)
"""
# With the first use there is what there always was, and nobody else notices anything.
USED = """
tls.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
assert tls.cert_store_stats()["x509_ca"] > 0
assert tls.check_hostname and tls.verify_mode is ssl.CERT_REQUIRED
assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 0
said = ollama.Message(role="user", content="Hello")
asked = ollama._types.ChatRequest(model="a", messages=[said]).model_dump(exclude_none=True)
assert asked["messages"][0]["content"] == "Hello"
assert ollama.chat.__self__._client.base_url.path == "/"
assert isinstance(httpx.Client(), httpx.Client)
class Own(pydantic.BaseModel):
    name: str
assert Own.__pydantic_complete__
"""


def test_what_a_client_makes_for_others_is_made_when_it_is_asked_for() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SSL_CERT_FILE": certifi.where()}
    subprocess.run([sys.executable, "-c", LOADED + USED], env=environment, check=True, timeout=60)
