"""Adds authentication and error responses to the OpenAPI description. Loaded by `apps.py`."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.utils import OpenApiResponse

Schema = dict[str, Any]

DESCRIPTION = """
Conversations, messages, replies, API keys and usage. Send `Authorization: Bearer <API key>`, or
use a session and send its CSRF token with every request that changes something.

The scopes of a key decide what it may do: `read` for GET, `chat` for changes, `models` for the
list of models. A 403 names the missing scope.

Errors are `{"error": {"code", "message", "fields"?}}`. A 429 or a 503 has a
`Retry-After` header in seconds.

A WebSocket streams replies (`docs/protocol.md`). `/v1` speaks OpenAI's API (`docs/api.md`), with
errors in OpenAI's shape.
"""


class CallerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An API key for programs, or the cookie of the page."""

    target_class = "conversations.people.authentication.CallerAuthentication"
    name = ["apiKey", "session"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[Schema]:
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

    def map_serializer(self, auto_schema: Any, direction: Any) -> Schema:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


# --- Refusals ---------------------------------------------------------------------------------

ERROR: Schema = {
    "type": "object",
    "description": "Every error response.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {
                    "type": "string",
                    "description": "A code for programs.",
                    "example": "not_found",
                },
                "message": {"type": "string", "description": "A message for people."},
                "fields": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": "The errors of each field.",
                },
            },
            "required": ["code", "message"],
        }
    },
    "required": ["error"],
}
RETRY_AFTER: Schema = {"schema": {"type": "integer"}, "description": "In seconds."}
ERROR_REF = {"$ref": "#/components/schemas/Error"}
BUSY = OpenApiResponse(ERROR_REF, "A reply is in progress in this conversation.")
REFUSALS = {
    "400": "Invalid request; the error names the field.",
    "401": "Not authenticated: no session, or the API key is missing, unknown, expired or revoked.",
    "403": "The API key lacks a scope or may not use the model, or the CSRF token is missing.",
    "404": "Not found, or another user's.",
    "413": "The request body is too large.",
    "415": "The request body is not JSON.",
    "429": "A limit is reached, or a budget is spent.",
    "502": "The provider failed.",
    "503": "The provider, or a service that the server needs, is down or busy.",
    "504": "The provider took too long.",
}


def add_refusals(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Add the error responses to every operation (a hook of drf-spectacular)."""
    result["info"]["description"] = DESCRIPTION.strip()
    result["components"]["schemas"]["Error"] = ERROR
    for path, item in result["paths"].items():
        for method, operation in item.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            refuse(operation, _refusals(path, method, operation), "Error")
    return result


def refuse(operation: Schema, statuses: Iterable[str], error: str) -> None:
    """Say that an operation may be refused with these statuses, in the shape `error`."""
    schema = {"$ref": f"#/components/schemas/{error}"}
    for status in statuses:
        refusal = {
            "description": REFUSALS[status],
            "content": {"application/json": {"schema": schema}},
        }
        if status in ("429", "503"):
            refusal["headers"] = {"Retry-After": RETRY_AFTER}
        operation["responses"].setdefault(status, refusal)


def _refusals(path: str, method: str, operation: Schema) -> set[str]:
    statuses = {"401", "403", "503"}
    asked = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
    if asked:
        statuses.add("400")
    if "{" in path or "cursor" in asked:
        statuses.add("404")
    if method in ("post", "put", "patch"):
        statuses |= {"400", "413", "415"}
    return statuses
