"""The library of a person: prompts, and presets of settings."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.ids import new_id


class Entry(models.Model):
    """A named thing of one user."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="%(class)ss"
    )
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return str(self.id)


class Prompt(Entry):
    """A text for the composer. `{{name}}` in it is to be filled in. `starter` names one that
    everybody begins with, until it is changed: pages say it in the person's language."""

    text = models.TextField()
    starter = models.CharField(max_length=20, blank=True, default="", db_default="")


class Preset(Entry):
    """Parameters and a system prompt for a conversation."""

    settings = models.JSONField(default=dict)
