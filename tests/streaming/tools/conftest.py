"""Tool servers, added for the staff of a test."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.harness.place import Person
from tests.harness.rest import ok
from tests.harness.tool_server import TOKEN, tool_server_url
from tests.streaming.tools import oauth
from tests.streaming.tools.oauth import SignInServers


async def add_tool_server(staff: Person, **fields: Any) -> dict[str, Any]:
    """Add the tool server under a name of its own."""
    name = f"wiki-{uuid4().hex[:8]}"
    given = {"name": name, "url": await tool_server_url(), "auth": "bearer", "secret": TOKEN}
    added = ok(await staff.page.post("/api/tool-servers/", {**given, **fields}), 201)
    assert "secret" not in added
    return added


@pytest.fixture(scope="session")
def sign_in_servers() -> Iterator[SignInServers]:
    with oauth.sign_in_servers() as servers:
        yield servers


@pytest.fixture
def add_server() -> Callable[..., Awaitable[dict[str, Any]]]:
    """`add_server(staff, trusted=True, …)` adds the tool server under a name of its own."""
    return add_tool_server
