"""The JSON shapes of the library."""

from typing import Any

from rest_framework import serializers

from conversations.fields import StrictSerializer, TextField
from conversations.library.models import Preset, Prompt
from conversations.threads.serializers import SettingsField, SettingsSerializer

MOST_TEXT = 20_000


class PromptSerializer(serializers.ModelSerializer[Prompt]):
    starter = serializers.CharField(
        read_only=True,
        help_text="Which of those that everybody begins with it is; empty once it was changed.",
    )

    class Meta:
        model = Prompt
        fields = ("id", "name", "text", "starter", "created_at", "updated_at")
        read_only_fields = fields


class PresetSerializer(serializers.ModelSerializer[Preset]):
    settings = SettingsField(read_only=True)

    class Meta:
        model = Preset
        fields = ("id", "name", "settings", "created_at", "updated_at")
        read_only_fields = fields


class PromptInput(StrictSerializer):
    name = TextField(max_length=100)
    text = TextField(max_length=MOST_TEXT, help_text="`{{name}}` in it is to be filled in.")


class PresetInput(StrictSerializer):
    name = TextField(max_length=100)
    settings = SettingsSerializer()

    def validate_settings(self, value: dict[str, Any]) -> dict[str, Any]:
        return {name: chosen for name, chosen in value.items() if chosen is not None}
