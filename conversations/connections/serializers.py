"""The JSON shapes of connections, and what may be written into one."""

import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from rest_framework import serializers

from conversations.connections.models import Connection
from conversations.fields import (
    StrictBooleanField,
    StrictFloatField,
    StrictIntegerField,
    StrictSerializer,
    TextField,
)

MOST_VALUE = 4_000
MOST_PAIRS = 20
MOST_MODELS = 500
# The name of a connection, as messages and usage keep it.
MOST_CONNECTION = 20
# A model's name.
MOST_NAME = 200
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_ADDRESS = re.compile(r"https?://[^\s?#]+", re.IGNORECASE)
# What the connection itself has to say of a request.
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)


class TimeoutsInput(StrictSerializer):
    """Times in seconds; null: the usual ones."""

    first_byte_s = StrictFloatField(
        min_value=0.1, max_value=86_400, allow_null=True, required=False
    )
    gap_s = StrictFloatField(min_value=0.1, max_value=86_400, allow_null=True, required=False)


def _pairs(*, null: bool = False) -> serializers.DictField:
    return serializers.DictField(
        child=TextField(max_length=MOST_VALUE, allow_blank=True, allow_null=null), required=False
    )


class ConnectionChanges(StrictSerializer):
    """The fields of a connection that can be changed."""

    label = TextField(max_length=100, allow_blank=True, required=False)  # type: ignore[assignment]
    kind = serializers.ChoiceField(Connection.Kind.choices, required=False)
    base_url = TextField(max_length=500, required=False)
    api_key = TextField(max_length=MOST_VALUE, allow_blank=True, required=False, write_only=True)
    headers = _pairs(null=True)
    query = _pairs()
    ca = TextField(
        max_length=100_000,
        allow_blank=True,
        required=False,
        help_text="Certificates of authorities that are trusted for it, besides the usual ones.",
    )
    timeouts = TimeoutsInput(required=False)
    places = StrictIntegerField(min_value=1, max_value=100_000, allow_null=True, required=False)
    models_filter = serializers.ListField(
        child=TextField(max_length=MOST_NAME), max_length=MOST_MODELS, required=False
    )
    model_labels = serializers.DictField(child=TextField(max_length=100), required=False)
    enabled = StrictBooleanField(required=False)

    def to_internal_value(self, data: Any) -> Any:
        # The answer says `has_key`, so a program may well send a `key`.
        if isinstance(data, Mapping) and "key" in data and "api_key" not in data:
            data = {"api_key" if name == "key" else name: value for name, value in data.items()}
        return super().to_internal_value(data)

    def validate_base_url(self, value: str) -> str:
        return valid_address(value)

    def validate_api_key(self, value: str) -> str:
        value = value.strip()
        if not value.isascii() or not (value.isprintable() or not value):
            raise serializers.ValidationError(_("Contains characters that an API key cannot have."))
        return value

    def validate_headers(self, value: dict[str, str | None]) -> dict[str, str | None]:
        if len(value) > MOST_PAIRS:
            raise serializers.ValidationError(
                _("At most %(most)s are allowed.") % {"most": MOST_PAIRS}
            )
        for name, text in value.items():
            if not _HEADER.fullmatch(name) or name.lower() in _OWN_HEADERS:
                raise serializers.ValidationError(
                    _("The header %(name)s cannot be set.") % {"name": name[:40]}
                )
            if text is not None and not (text.isascii() and (text.isprintable() or not text)):
                raise serializers.ValidationError(
                    _("The value of %(name)s has a character that headers cannot have.")
                    % {"name": name}
                )
        return value

    def validate_query(self, value: dict[str, str]) -> dict[str, str]:
        if len(value) > MOST_PAIRS or any(not name or len(name) > 100 for name in value):
            raise serializers.ValidationError(
                _("At most %(most)s, each with a name.") % {"most": MOST_PAIRS}
            )
        return value

    def validate_ca(self, value: str) -> str:
        if value.strip():
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=value)
            except (ssl.SSLError, ValueError, TypeError):  # the last for other letters than ASCII
                raise serializers.ValidationError(
                    _("Must be certificates in PEM form: -----BEGIN CERTIFICATE-----…")
                ) from None
        return value.strip()

    def validate_model_labels(self, value: dict[str, str]) -> dict[str, str]:
        if len(value) > MOST_MODELS or any(len(name) > MOST_NAME for name in value):
            raise serializers.ValidationError(
                _("At most %(most)s are allowed.") % {"most": MOST_MODELS}
            )
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (times := attrs.pop("timeouts", None)) is not None:
            attrs |= {f"{name[:-2]}_timeout_s": value for name, value in times.items()}
        return attrs


class ConnectionInput(ConnectionChanges):
    """A new connection."""

    name = serializers.RegexField(
        r"^[a-z0-9-]+\Z",
        max_length=MOST_CONNECTION,
        error_messages={"invalid": _lazy("Only small letters, digits and hyphens are allowed.")},
        help_text="Small letters, digits and hyphens. It never changes.",
    )
    kind = serializers.ChoiceField(Connection.Kind.choices)
    base_url = TextField(max_length=500)

    def validate_name(self, value: str) -> str:
        if value in settings.PROVIDERS:
            raise serializers.ValidationError(
                _("This is the name of a connection of the settings.")
            )
        return value


class TimeoutsSerializer(serializers.Serializer[Any]):
    first_byte_s = serializers.FloatField(allow_null=True)
    gap_s = serializers.FloatField(allow_null=True)


class HealthSerializer(serializers.Serializer[Any]):
    """Whether the server answers, and in a sentence why not, whose `code` stays the same."""

    ok = serializers.BooleanField()
    code = serializers.CharField()
    message = serializers.CharField()


class ConnectionSerializer(serializers.Serializer[Any]):
    """A model server and how to reach it. Keys are never told, and of headers the names alone: a
    null that is sent back keeps the value."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField(help_text="ollama, openai, inference, local or echo.")
    base_url = serializers.CharField()
    has_key = serializers.BooleanField()
    headers = serializers.DictField(child=serializers.CharField(allow_null=True))
    query = serializers.DictField(child=serializers.CharField())
    ca = serializers.CharField()
    timeouts = TimeoutsSerializer()
    places = serializers.IntegerField(allow_null=True)
    models_filter = serializers.ListField(child=serializers.CharField())
    model_labels = serializers.DictField(child=serializers.CharField())
    enabled = serializers.BooleanField()
    from_environment = serializers.BooleanField(
        help_text="It is set in the environment and cannot be changed here."
    )
    health = HealthSerializer(allow_null=True)


class TestSerializer(serializers.Serializer[Any]):
    """The result of a test. `suggestion` is another way to reach the same server; `model_count`
    counts the models that are not listed, too."""

    ok = serializers.BooleanField()
    code = serializers.CharField()
    message = serializers.CharField()
    version = serializers.CharField()
    models = serializers.ListField(child=serializers.CharField())
    model_count = serializers.IntegerField()
    suggestion = serializers.DictField(child=serializers.CharField(), allow_null=True)


class DefaultsSerializer(serializers.Serializer[Any]):
    """Which connection and model answer by default, and which connections answer instead, in
    order. `from_environment` names what is set there, and cannot be changed here."""

    provider = serializers.CharField()
    model = serializers.CharField()
    fallbacks = serializers.ListField(child=serializers.CharField())
    from_environment = serializers.ListField(child=serializers.CharField())


class DefaultsInput(StrictSerializer):
    """Empty: the first connection that answers, and its first model."""

    provider = TextField(max_length=40, allow_blank=True, required=False)
    model = TextField(max_length=MOST_NAME, allow_blank=True, required=False)
    fallbacks = serializers.ListField(child=TextField(max_length=40), max_length=50, required=False)


def valid_address(value: str) -> str:
    """Return the address of a server without a slash at its end. Raises `ValidationError`."""
    try:
        parts = urlsplit(value.strip())
        parts.port  # noqa: B018 - raises for one that is none
        usable = bool(_ADDRESS.fullmatch(value.strip()) and parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise serializers.ValidationError(
            _("Must be the address of a server, starting with http: or https:, without a query.")
        )
    if parts.username is not None or parts.password is not None:
        raise serializers.ValidationError(_("Put a user name or password into a header."))
    return value.strip().rstrip("/")


def shape(row: Connection, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return a row as `ConnectionSerializer` has it, without its health."""
    return {
        "id": row.id,
        "name": row.name,
        "label": row.label,
        "kind": row.kind,
        "base_url": row.base_url,
        "has_key": bool(row.api_key),
        "headers": dict.fromkeys(headers),
        "query": row.query,
        "ca": row.ca,
        "timeouts": {"first_byte_s": row.first_byte_timeout_s, "gap_s": row.gap_timeout_s},
        "places": row.places,
        "models_filter": row.models_filter,
        "model_labels": row.model_labels,
        "enabled": row.enabled,
        "from_environment": False,
        "health": None,
    }
