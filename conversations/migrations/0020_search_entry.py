"""The index over titles and messages in all scripts: an FTS5 table over the entries on SQLite, a
GIN index on PostgreSQL. The entries are made after the migrations, and by each search.

The version before keeps its own index of messages (0003 and 0007), which a later release drops.
"""

import django.db.models.deletion
from django.db import migrations, models

import conversations.threads.fields

ENTRIES = "conversations_searchentry"
FORGET = "INSERT INTO search_words (search_words, rowid, words) VALUES ('delete', OLD.id, OLD.words)"
LEARN = "INSERT INTO search_words (rowid, words) VALUES (NEW.id, NEW.words)"
# Words are found as they are written in the entry, between spaces.
SQLITE = (
    f"""
    CREATE VIRTUAL TABLE search_words USING fts5(
        words, content = {ENTRIES}, content_rowid = id, tokenize = ascii, detail = none,
        columnsize = 0
    )
    """,
    f"CREATE TRIGGER search_words_added AFTER INSERT ON {ENTRIES} BEGIN {LEARN}; END",
    f"CREATE TRIGGER search_words_removed AFTER DELETE ON {ENTRIES} BEGIN {FORGET}; END",
    f"""
    CREATE TRIGGER search_words_changed AFTER UPDATE OF words ON {ENTRIES}
    BEGIN {FORGET}; {LEARN}; END
    """,
)
POSTGRESQL = (f"CREATE INDEX search_words ON {ENTRIES} USING gin (words)",)
# On PostgreSQL the index goes with the table; on SQLite the triggers do.
UNDO_SQLITE = ("DROP TABLE search_words",)


def create(apps, schema_editor):
    statements = SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL
    for statement in statements:
        schema_editor.execute(statement, params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in UNDO_SQLITE:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0019_queue_held")]
    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="conversations.conversation",
                    ),
                ),
                (
                    "message",
                    models.OneToOneField(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="conversations.message",
                    ),
                ),
                ("words", conversations.threads.fields.WordsField()),
                ("as_of", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("message__isnull", True)),
                        fields=("conversation",),
                        name="one_entry_for_a_title",
                    )
                ],
            },
        ),
        migrations.RunPython(create, drop),
    ]
