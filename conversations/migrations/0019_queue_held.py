from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0018_storage")]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="queue_held",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
