"""How many bytes the texts of each person take; and what a deleted key queued is kept."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from conversations.threads.models import refuse_of_revoked_key
from conversations.threads.storage import sizes_of


def count(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Count what is there."""
    using = schema_editor.connection.alias
    names = ("Conversation", "Message", "QueuedMessage")
    tables = [apps.get_model("conversations", name).objects.using(using) for name in names]
    people = apps.get_model("conversations", "User").objects.using(using)
    for user_id, size in sizes_of(*(table.order_by() for table in tables)).items():
        people.filter(pk=user_id).update(storage_bytes=size)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0017_left_out")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="storage_bytes",
            field=models.PositiveBigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="queuedmessage",
            name="key",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=refuse_of_revoked_key,
                related_name="+",
                to="conversations.apikey",
            ),
        ),
    ]
