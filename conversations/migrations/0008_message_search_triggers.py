"""The triggers of SQLite's search index again.

SQLite alters a table by making it anew, and drops its triggers with the old one: migration 0006
did. Whatever alters `Message` later has to end with this, too; the tests of search notice.
"""

from importlib import import_module

from django.db import migrations

index = import_module("conversations.migrations.0003_message_search")
TRIGGERS = ("message_search_made", "message_search_completed")
FILL = """
    INSERT INTO message_search (text, message_id, conversation_id)
        SELECT content, id, conversation_id FROM conversations_message
        WHERE completed_at IS NOT NULL AND content <> ''
"""


def restore(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    for trigger in TRIGGERS:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {trigger}", params=None)
    for statement in index.CREATE:
        if "CREATE TRIGGER" in statement:
            schema_editor.execute(statement, params=None)
    # What was said without them.
    schema_editor.execute("DELETE FROM message_search", params=None)
    schema_editor.execute(FILL, params=None)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0007_message_words")]
    operations = [migrations.RunPython(restore, migrations.RunPython.noop)]
