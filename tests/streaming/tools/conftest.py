"""Tool servers, added for the staff of a test."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from tests.harness.tool_server import add_tool_server
from tests.streaming.tools import oauth
from tests.streaming.tools.oauth import SignInServers


@pytest.fixture(scope="session")
def sign_in_servers() -> Iterator[SignInServers]:
    with oauth.sign_in_servers() as servers:
        yield servers


@pytest.fixture
def own_sign_in_servers() -> Iterator[SignInServers]:
    """Where nothing of another test ends meanwhile."""
    with oauth.sign_in_servers() as servers:
        yield servers


@pytest.fixture
def add_server() -> Callable[..., Awaitable[dict[str, Any]]]:
    """`add_server(staff, trusted=True, …)` adds the tool server under a name of its own."""
    return add_tool_server
