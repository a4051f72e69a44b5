"""The JSON shapes of tool servers."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.fields import IdField, StrictBooleanField, StrictSerializer, TextField
from conversations.people.models import User
from conversations.tools.models import ToolServer

MOST_SECRET = 4000
MOST_TOOLS = 500
MOST_PEOPLE = 1000
_NAME = r"^[A-Za-z0-9][A-Za-z0-9-]*$"
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_SECRET = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_OWN_HEADERS = frozenset(
    {"accept", "connection", "content-length", "content-type", "host", "transfer-encoding"}
)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "enum": ["all", "staff"]},
            {"type": "array", "items": {"type": "string", "format": "uuid"}},
        ]
    }
)
class AudienceField(serializers.Field[Any, Any, Any, Any]):
    """`all`, `staff`, or a list of people's ids."""

    def to_internal_value(self, data: Any) -> Any:
        if data in ("all", "staff"):
            return data
        if not isinstance(data, list) or len(data) > MOST_PEOPLE:
            raise serializers.ValidationError(_('Must be "all", "staff" or a list of people.'))
        ids = [IdField().run_validation(key) for key in data]
        if User.objects.filter(pk__in=ids).count() != len(set(ids)):
            raise serializers.ValidationError(_("An account in the list does not exist."))
        return [str(key) for key in ids]

    def to_representation(self, value: Any) -> Any:
        return value


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.username or parts.fragment or re.search(r"\s", value):
        raise serializers.ValidationError(_("Must be an HTTP address without a user name."))
    return value


class ToolServerChanges(StrictSerializer):
    """The fields of a tool server that can be changed."""

    name = serializers.RegexField(
        _NAME, max_length=40, required=False, help_text="Letters, digits and hyphens."
    )
    url = TextField(max_length=2000, required=False)
    auth = serializers.ChoiceField(ToolServer.Auth.choices, required=False)
    header = TextField(max_length=100, allow_blank=True, required=False)
    secret = TextField(
        max_length=MOST_SECRET,
        allow_blank=True,
        required=False,
        write_only=True,
        help_text="The token, the value of the header, or the secret of the client.",
    )
    issuer = TextField(
        max_length=2000,
        allow_blank=True,
        required=False,
        help_text="With `oauth`, the OAuth server: where it is a private one, or a client is given."
        " Empty: the one that the tool server names.",
    )
    client_id = TextField(
        max_length=500,
        allow_blank=True,
        required=False,
        help_text="The client that is registered there. Empty: each sign-in registers itself.",
    )
    trusted = StrictBooleanField(
        required=False,
        help_text="Trust it when it says that a tool only reads: such tools run without asking.",
    )
    enabled_tools = serializers.ListField(
        child=TextField(max_length=255),
        max_length=MOST_TOOLS,
        allow_null=True,
        required=False,
        help_text="The tools that may be used; null: all.",
    )
    audience = AudienceField(required=False)

    def validate_url(self, value: str) -> str:
        return _address(value)

    def validate_issuer(self, value: str) -> str:
        return _address(value) if value else value

    def validate_client_id(self, value: str) -> str:
        return self.validate_secret(value)

    def validate_header(self, value: str) -> str:
        if value and (not _HEADER.fullmatch(value) or value.lower() in _OWN_HEADERS):
            raise serializers.ValidationError(_("This header cannot be set."))
        return value

    def validate_secret(self, value: str) -> str:
        if value and not _SECRET.fullmatch(value):
            raise serializers.ValidationError(_("Only printable ASCII characters are allowed."))
        return value


class ToolServerInput(ToolServerChanges):
    """A new tool server."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for name in ("name", "url"):
            fields[name].required = True
        return fields


class ToolHealthSerializer(serializers.Serializer[Any]):
    """The result of the last request to the server."""

    ok = serializers.BooleanField()
    code = serializers.CharField(required=False)
    message = serializers.CharField()
    checked_at = serializers.DateTimeField()


class ListedToolSerializer(serializers.Serializer[Any]):
    """A tool of a server."""

    name = serializers.CharField()
    description = serializers.CharField()
    read_only = serializers.BooleanField(  # type: ignore[assignment]
        help_text="The server says that it changes nothing."
    )
    open_world = serializers.BooleanField(help_text="It brings what strangers wrote.")


class ToolServerSerializer(serializers.ModelSerializer[ToolServer]):
    audience = AudienceField()
    enabled_tools = serializers.ListField(child=serializers.CharField(), allow_null=True)
    has_secret = serializers.SerializerMethodField()
    health = ToolHealthSerializer(allow_null=True)
    tools = ListedToolSerializer(many=True)

    class Meta:
        model = ToolServer
        fields = (
            *("id", "name", "url", "auth", "header", "has_secret", "issuer", "client_id"),
            *("trusted", "enabled_tools", "audience", "health", "tools", "created_at"),
        )
        read_only_fields = fields

    def get_has_secret(self, row: ToolServer) -> bool:
        return bool(row.secret)


class ToolTestSerializer(serializers.Serializer[Any]):
    """The result of a test of a tool server."""

    ok = serializers.BooleanField()
    code = serializers.CharField()
    message = serializers.CharField()
    tools = ListedToolSerializer(many=True)


class OfferedToolSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()


class OfferedServerSerializer(serializers.Serializer[Any]):
    """A server whose tools the caller may use."""

    id = serializers.UUIDField(allow_null=True, help_text="null: built in.")
    name = serializers.CharField()
    built_in = serializers.BooleanField()
    signed_in = serializers.BooleanField(
        allow_null=True, help_text="Whether the caller has signed in; null: nobody needs to."
    )
    tools = OfferedToolSerializer(many=True)
