from django.db import migrations
from django.db.models import OuterRef, Subquery


def name_the_owner(apps, schema_editor):
    """Set the author of each message to the owner of its conversation: nobody else could write."""
    using = schema_editor.connection.alias
    conversations = apps.get_model("conversations", "Conversation").objects.using(using)
    owner = conversations.filter(pk=OuterRef("conversation_id")).values("user_id")
    for name in ("Message", "QueuedMessage"):
        rows = apps.get_model("conversations", name).objects.using(using)
        rows.filter(author=None).update(author_id=Subquery(owner))


class Migration(migrations.Migration):

    dependencies = [
        ("conversations", "0009_author_and_cached_tokens"),
    ]

    operations = [
        migrations.RunPython(name_the_owner, migrations.RunPython.noop),
    ]
