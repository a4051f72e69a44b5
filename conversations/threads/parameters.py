"""The parameters of a request: their bounds, and what a conversation remembers of them."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework import serializers

from conversations.fields import StrictFloatField, StrictIntegerField, StrictSerializer, TextField

# How long a model thinks before it answers, where it does.
EFFORTS = ("none", "minimal", "low", "medium", "high")
# These are sent to a model although nobody chose them.
SENT_BY_DEFAULT = ("temperature", "max_tokens")


def _bounds(name: str) -> dict[str, Any]:
    least, most, _default, _step = settings.CHAT_PARAMETERS[name]
    return {"min_value": least, "max_value": most, "required": False}


class ParametersSerializer(StrictSerializer):
    """`temperature`, `max_tokens`, `top_p`, `reasoning_effort`, `model`, each optional."""

    temperature = StrictFloatField(**_bounds("temperature"))
    max_tokens = StrictIntegerField(**_bounds("max_tokens"))
    top_p = StrictFloatField(**_bounds("top_p"))
    reasoning_effort = serializers.ChoiceField(
        choices=EFFORTS, required=False, help_text="Left out for a model that does not think."
    )
    model = TextField(max_length=255, required=False)


class RememberedSerializer(ParametersSerializer):
    """Changes to the parameters of a conversation. `null` removes one."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for field in fields.values():
            field.allow_null = True
        return fields


# What a conversation remembers for its replies.
KNOWN = {*ParametersSerializer().fields, "system_prompt"}


def settle(remembered: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a reply: the chosen ones, else those that the conversation
    remembers, else the defaults. What was remembered under wider bounds is brought into them."""
    defaults = {name: settings.CHAT_PARAMETERS[name][2] for name in SENT_BY_DEFAULT}
    kept = {
        name: _within_bounds(name, value) for name, value in remembered.items() if name in KNOWN
    }
    return {**defaults, **kept, **chosen}


def _within_bounds(name: str, value: Any) -> Any:
    if name not in settings.CHAT_PARAMETERS or not isinstance(value, int | float):
        return value
    least, most, _default, _step = settings.CHAT_PARAMETERS[name]
    return min(max(value, least), most)


def of_reply(settled: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the settled parameters that the row of a reply keeps."""
    names = (*settings.CHAT_PARAMETERS, "reasoning_effort")
    return {name: settled[name] for name in names if name in settled}
