"""Every test here runs on SQLite and on PostgreSQL; and rows for tests that need no server."""

from collections.abc import AsyncIterator, Iterator
from typing import Literal

import pytest
from django.db import connection, connections
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from uuid_utils.compat import uuid7

from conversations.people import services as people
from conversations.people.models import User
from conversations.threads import services
from conversations.threads.models import Conversation, Message
from conversations.threads.selectors import TurnContext
from project import database as project_database
from tests.conftest import Servers
from tests.harness.clerk import SQLITE, new_database
from tests.harness.place import Place, place_at

Database = Literal["sqlite", "postgresql"]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """The test runs on each."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    database: Database,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Make a new database, a copy of a migrated one, the default one of this process."""
    if database == "postgresql":
        url = request.getfixturevalue("postgresql").database()
    else:
        path = tmp_path_factory.mktemp("database") / "chat.sqlite3"
        path.write_bytes(new_database())
        url = f"{SQLITE}{path}"
    before = connections.settings["default"]
    wanted = {"default": project_database.settings_for(url, pool_size=4)}
    with django_db_blocker.unblock():
        _use(connections.configure_settings(wanted)["default"])
    yield
    with django_db_blocker.unblock():
        _use(before)


def _use(settings: dict[str, object]) -> None:
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()
    del connections["default"]
    connections.settings["default"] = settings


@pytest.fixture
async def place(servers: Servers, database: Database) -> AsyncIterator[Place]:
    """The usual server: daphne with SQLite, and uvicorn with PostgreSQL."""
    kind, variant = ("daphne", "usual") if database == "sqlite" else ("uvicorn", database)
    async with place_at(servers(kind, variant)) as place:
        yield place


@pytest.fixture
async def daphne_place(servers: Servers, database: Database) -> AsyncIterator[Place]:
    """The usual server, on each database."""
    variant = "usual" if database == "sqlite" else database
    async with place_at(servers("daphne", variant)) as place:
        yield place


@pytest.fixture
def owner(db: None) -> User:
    return people.create_user(username="owner", password=None)


@pytest.fixture
def stranger(db: None) -> User:
    return people.create_user(username="stranger", password=None)


@pytest.fixture
def chat(owner: User) -> Conversation:
    return services.create_conversation(user=owner)


def add_message(chat: Conversation, role: str = "user", **fields: object) -> Message:
    """A finished message, unless `status` says otherwise."""
    fields.setdefault("content", "Hello")
    if fields.get("status") not in ("streaming", "stopping"):
        fields.setdefault("completed_at", timezone.now())
    return Message.objects.create(conversation=chat, role=role, **fields)


def open_turn(chat: Conversation, content: str | None = "Hello", **fields: object):
    """`services.open_turn` with the usual values."""
    chat.refresh_from_db()
    values = {
        "context": TurnContext(chat, fields.pop("parent_id", chat.head_id), []),
        "author": chat.user,
        "client_id": uuid7(),
        "content": content,
        "message_id": None,
        "remember": {},
        "reply": {"model": "m", "provider_used": "echo"},
    }
    return services.open_turn(**(values | fields))
