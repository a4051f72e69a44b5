"""The search index over message text, on SQLite: an FTS5 table kept by triggers.

Text is indexed when a message is complete, not while it is being written. A row of the index
names its message; rows of messages that are gone are never shown, and removed with a purge.
"""

from django.db import migrations

CREATE = (
    """
    CREATE VIRTUAL TABLE message_search USING fts5(
        text, message_id UNINDEXED, conversation_id UNINDEXED,
        tokenize = "unicode61 remove_diacritics 2"
    )
    """,
    """
    INSERT INTO message_search (text, message_id, conversation_id)
        SELECT content, id, conversation_id FROM conversations_message
        WHERE completed_at IS NOT NULL AND content <> ''
    """,
    """
    CREATE TRIGGER message_search_made AFTER INSERT ON conversations_message
    WHEN NEW.completed_at IS NOT NULL AND NEW.content <> ''
    BEGIN
        INSERT INTO message_search (text, message_id, conversation_id)
            VALUES (NEW.content, NEW.id, NEW.conversation_id);
    END
    """,
    """
    CREATE TRIGGER message_search_completed AFTER UPDATE OF completed_at ON conversations_message
    WHEN NEW.completed_at IS NOT NULL AND OLD.completed_at IS NULL AND NEW.content <> ''
    BEGIN
        INSERT INTO message_search (text, message_id, conversation_id)
            VALUES (NEW.content, NEW.id, NEW.conversation_id);
    END
    """,
)
DROP = (
    "DROP TRIGGER message_search_made",
    "DROP TRIGGER message_search_completed",
    "DROP TABLE message_search",
)


def _run(statements):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "sqlite":
            for statement in statements:
                schema_editor.execute(statement, params=None)

    return run


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_pinned_archived_deleted")]
    operations = [migrations.RunPython(_run(CREATE), _run(DROP))]
