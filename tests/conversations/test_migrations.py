"""Two versions of the server may run on one database while it is brought up to date, so migrations
only add: the version before goes on reading and writing. And they take along what was there."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from uuid_utils.compat import uuid7

from conversations.threads import search
from conversations.threads.models import Conversation, SearchEntry
from project import database as project_database
from tests.conversations.conftest import Database

APP = "conversations"
# The last migration of the first release: before it no other version ran anywhere.
BASELINE = "0007_message_words"
# These change no column, or loosen a rule.
HARMLESS = (
    migrations.CreateModel,
    migrations.AddIndex,
    migrations.RemoveIndex,
    migrations.RenameIndex,
    migrations.RemoveConstraint,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
    migrations.RunPython,  # of ours to look at; what it may not do is not to be seen from here
)


def complaint(operation: Operation, before: ProjectState) -> str | None:
    """Why the version before could not go on after this operation, `None` if it can."""
    match operation:
        case _ if isinstance(operation, HARMLESS):
            return None
        case migrations.AddField(field=field):
            if field.many_to_many or field.null or field.db_default is not models.NOT_PROVIDED:
                return None
            return "a new column has to be null=True or have a db_default"
        case migrations.AlterField():
            model = before.models[APP, operation.model_name_lower]
            return _narrower(model.fields[operation.name], operation.field)
        case migrations.AddConstraint():
            if (APP, operation.model_name_lower) in before.models:
                return "the version before may write what a new constraint refuses"
            return None
    return "takes away or renames what the version before uses"


def _narrower(old: models.Field, new: models.Field) -> str | None:
    if type(old) is not type(new):
        return "the column's type changes"
    if old.null and not new.null:
        return "the version before writes NULL"
    if (new.max_length or 0) < (old.max_length or 0):
        return "the column gets shorter"
    if new.unique and not old.unique:
        return "the version before may write the same twice"
    return None


def complaints(operations: list[Operation], state: ProjectState) -> list[str]:
    """What is wrong with these operations, after `state`, in words."""
    found = []
    existing = state.clone()
    for operation in operations:
        if why := complaint(operation, existing):
            found.append(f"{operation.describe()}: {why}")
        operation.state_forwards(APP, state)
    return found


def test_migrations_only_add():
    """After the first release; where something has to go, a later release lets go of it first."""
    loader = MigrationLoader(None)
    state = loader.project_state((APP, BASELINE))
    found: list[str] = []
    (leaf,) = loader.graph.leaf_nodes(APP)
    for app, name in loader.graph.forwards_plan(leaf):
        if app == APP and name > BASELINE:
            migration = loader.graph.nodes[app, name]
            found += [f"{name}: {why}" for why in complaints(migration.operations, state)]
    assert not found


def _text(**options: Any) -> models.CharField:
    return models.CharField(**{"max_length": 255, **options})


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("message", "content"),
        migrations.DeleteModel("message"),
        migrations.RenameField("message", "content", "text"),
        migrations.RenameModel("message", "utterance"),
        migrations.AlterModelTable("message", "utterances"),
        migrations.AddField("message", "language", _text(default="en")),
        migrations.AlterField("conversation", "title", _text(max_length=100)),
        migrations.AlterField("conversation", "title", _text(unique=True)),
        migrations.AlterField("conversation", "title", models.IntegerField()),
        migrations.AlterField("conversation", "deleted_at", models.DateTimeField()),
        migrations.AddConstraint(
            "conversation", models.UniqueConstraint(fields=["title"], name="one_title")
        ),
        migrations.RunSQL("DROP TABLE conversations_message"),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_takes_away_is_noticed(operation: Operation):
    """Every way in which the version before would fail."""
    state = MigrationLoader(None).project_state((APP, BASELINE))
    assert complaint(operation, state)


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("message", "language", _text(null=True)),
        migrations.AddField("message", "language", _text(default="en", db_default="en")),
        migrations.AlterField("conversation", "title", _text(max_length=300)),
        migrations.AddIndex("message", models.Index(fields=["model"], name="by_model")),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_adds_is_let_through(operation: Operation):
    state = MigrationLoader(None).project_state((APP, BASELINE))
    assert not complaint(operation, state)


@pytest.fixture
def empty(
    request: pytest.FixtureRequest,
    database: Database,
    django_db_blocker: DjangoDbBlocker,
    tmp_path: Any,
) -> Iterator[str]:
    """The alias of a new database without tables."""
    if database == "postgresql":
        url = request.getfixturevalue("postgresql").database(migrated=False)
    else:
        url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    wanted = {"default": project_database.settings_for(url, pool_size=4)}
    connections.settings["empty"] = connections.configure_settings(wanted)["default"]
    with django_db_blocker.unblock():
        yield "empty"
        connection = connections["empty"]
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()
    del connections["empty"]
    del connections.settings["empty"]


def _old_rows(alias: str, name: str, content: str) -> None:
    """What the version whose last migration was `name` writes: one row of each kind."""
    apps = MigrationLoader(None).project_state((APP, name)).apps
    now = timezone.now()

    def make(model: str, **fields: Any) -> Any:
        return apps.get_model(APP, model).objects.using(alias).create(**fields)

    user = make("User", username=f"user of {name}")
    chat = make("Conversation", user=user, title="Old")
    fields = {"conversation": chat, "content": content}
    asked = make("Message", role="user", completed_at=now, **fields)
    make("Message", role="assistant", parent=asked, status="streaming", **fields)
    make("ApiKey", user=user, name="old", prefix="cp", digest=uuid7().hex)


def _searchable(alias: str) -> int:
    """How many messages can be found."""
    return SearchEntry.objects.using(alias).filter(message__isnull=False).count()


def test_what_was_there_is_there_after_all_migrations(empty: str):
    """Rows of the first days stay, and what they say can be found."""
    call_command("migrate", APP, "0001", database=empty, verbosity=0)
    _old_rows(empty, "0001_initial", "A lighthouse")
    call_command("migrate", database=empty, verbosity=0)
    assert _searchable(empty) == 1


def test_old_messages_get_the_owner_for_their_author(empty: str):
    """Before there were authors, nobody else could write into a conversation."""
    call_command("migrate", APP, "0009", database=empty, verbosity=0)
    _old_rows(empty, "0009_author_and_cached_tokens", "A lighthouse")
    apps = MigrationLoader(None).project_state((APP, "0009_author_and_cached_tokens")).apps
    old_chat = apps.get_model(APP, "Conversation").objects.using(empty).get()
    old_chat.queue.create(client_id=uuid7(), content="Next")
    call_command("migrate", database=empty, verbosity=0)
    chat = Conversation.objects.using(empty).get()
    for rows in (chat.messages, chat.queue):
        assert set(rows.values_list("author_id", flat=True)) == {chat.user_id}


def test_the_first_release_writes_into_the_newest_database(empty: str):
    """Its rows are taken as they are, indexed by the next pass, and can be purged by it."""
    call_command("migrate", database=empty, verbosity=0)
    _old_rows(empty, BASELINE, "A lighthouse")
    assert search.index_all(empty) == 1
    assert _searchable(empty) == 1
    apps = MigrationLoader(None).project_state((APP, BASELINE)).apps
    apps.get_model(APP, "Conversation").objects.using(empty).all().delete()
    search.index_all(empty)
    assert _searchable(empty) == 0
