"""How drf-spectacular describes authentication and strict bodies. Loaded by `schema.prepare`."""

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)


class CallerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An API key for programs, or the cookie of the page."""

    target_class = "conversations.people.authentication.CallerAuthentication"
    name = ["apiKey", "session"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key, created on the profile page.",
            },
            {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "The session cookie, with `X-CSRFToken` on everything but GET.",
            },
        ]


class StrictObject(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Request bodies that refuse unknown fields."""

    target_class = "conversations.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}
