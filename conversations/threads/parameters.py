"""The parameters of a request: their bounds, and what a conversation remembers of them."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework import serializers

from conversations.fields import StrictFloatField, StrictIntegerField, StrictSerializer, TextField

# How long a model thinks before it answers, where it does.
EFFORTS = ("none", "minimal", "low", "medium", "high")
# What not every provider has.
MORE = ("seed", "stop", "top_k", "repeat_penalty", "response_format")
MOST_STOPS = 16
MOST_STOP = 200
# These are sent to a model although nobody chose them.
SENT_BY_DEFAULT = ("temperature", "max_tokens")


def _bounds(name: str) -> dict[str, Any]:
    least, most, _default, _step = settings.CHAT_PARAMETERS[name]
    return {"min_value": least, "max_value": most, "required": False}


class ParametersSerializer(StrictSerializer):
    """The parameters of a reply, each optional."""

    temperature = StrictFloatField(**_bounds("temperature"))
    max_tokens = StrictIntegerField(**_bounds("max_tokens"))
    top_p = StrictFloatField(**_bounds("top_p"))
    reasoning_effort = serializers.ChoiceField(
        choices=EFFORTS, required=False, help_text="Left out for a model that does not think."
    )
    seed = StrictIntegerField(min_value=-(2**53), max_value=2**53, required=False)
    stop = serializers.ListField(
        child=TextField(max_length=MOST_STOP),
        max_length=MOST_STOPS,
        required=False,
        help_text="Texts at which the reply ends.",
    )
    top_k = StrictIntegerField(min_value=1, max_value=1000, required=False)
    repeat_penalty = StrictFloatField(min_value=0.0, max_value=2.0, required=False)
    response_format = serializers.ChoiceField(choices=["json"], required=False)
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
    names = (*settings.CHAT_PARAMETERS, "reasoning_effort", *MORE)
    return {name: settled[name] for name in names if name in settled}
