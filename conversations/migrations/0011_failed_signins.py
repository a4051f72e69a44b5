from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("conversations", "0010_author_of_old_messages"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="failed_signins",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="user",
            name="last_failed_signin",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
