"""The addresses of OAuth servers that strangers name."""

from typing import Any

import httpx2
import pytest

from streaming.tools import oauth_http
from streaming.tools.oauth_http import AddressRefused, client, is_public, look_up, origin
from tests.streaming.tools.oauth import SignInServers


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("fec0::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::1", False),
        ("2002:a00:1::", False),
    ],
)
def test_what_counts_as_public(address: str, public: bool):
    assert is_public(address) is public


@pytest.mark.parametrize("url", ["ftp://host", "https://", "https://u:p@host", "https://host:x"])
def test_what_has_no_origin(url: str):
    with pytest.raises(AddressRefused):
        origin(url)


async def test_one_private_address_of_several_is_enough(monkeypatch: pytest.MonkeyPatch):
    found = ["8.8.8.8", "192.168.0.1"]

    async def resolve(*args: Any, **options: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, 443)) for address in found]

    class Loop:
        getaddrinfo = staticmethod(resolve)

    monkeypatch.setattr(oauth_http.asyncio, "get_running_loop", Loop)
    with pytest.raises(AddressRefused):
        await look_up("https://names.example", ())
    found.pop()
    assert await look_up("https://names.example", ()) == "8.8.8.8"
    assert await look_up("http://names.example", ("http://names.example:80",)) is None


async def test_the_connection_goes_to_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch, sign_in_servers: SignInServers
):
    """The name is not resolved again: here nobody could."""

    async def looked_up(url: str, trusted: Any) -> str:
        return "127.0.0.1"

    monkeypatch.setattr(oauth_http, "look_up", looked_up)
    port = sign_in_servers.issuer.rpartition(":")[2]
    async with client(()) as http:
        request = httpx2.Request("GET", f"http://pinned.invalid:{port}/kept")
        assert (await http.send(request)).json().keys() == {"kept", "granted"}
