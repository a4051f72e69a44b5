"""The addresses of OAuth servers that strangers name."""

from typing import Any

import httpx2
import pytest

from streaming import look_ups
from streaming.tools import oauth_http
from streaming.tools.oauth_http import AddressRefused, client, look_up, origin
from tests.streaming.tools.oauth import SignInServers


@pytest.mark.parametrize("url", ["ftp://host", "https://", "https://u:p@host", "https://host:x"])
def test_what_has_no_origin(url: str):
    with pytest.raises(AddressRefused):
        origin(url)


async def test_one_private_address_of_several_is_enough(monkeypatch: pytest.MonkeyPatch):
    found = ["8.8.8.8", "192.168.0.1"]

    async def resolve(host: str, port: int) -> list[str]:
        return found

    monkeypatch.setattr(look_ups, "addresses", resolve)
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
