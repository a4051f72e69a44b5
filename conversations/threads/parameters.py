"""The parameters of a request: their bounds, and what a conversation remembers of them."""

from typing import Any

from django.conf import settings

from conversations.fields import StrictFloatField, StrictIntegerField, StrictSerializer, TextField


def _bounds(name: str) -> dict[str, Any]:
    least, most, _default, _step = settings.CHAT_PARAMETERS[name]
    return {"min_value": least, "max_value": most, "required": False}


class ParametersSerializer(StrictSerializer):
    """`temperature`, `max_tokens`, `top_p`, `model`, each optional."""

    temperature = StrictFloatField(**_bounds("temperature"))
    max_tokens = StrictIntegerField(**_bounds("max_tokens"))
    top_p = StrictFloatField(**_bounds("top_p"))
    model = TextField(max_length=255, required=False)


class RememberedSerializer(ParametersSerializer):
    """Changes to the parameters of a conversation. `null` removes one."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for field in fields.values():
            field.allow_null = True
        return fields


def defaults() -> dict[str, Any]:
    """Return the default parameters."""
    return {name: default for name, (_, _, default, _) in settings.CHAT_PARAMETERS.items()}
