"""What OpenAPI is told beyond what REST framework knows: how one signs in, and how every call can
be refused. Loaded by `apps.py`."""

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.utils import OpenApiResponse

Schema = dict[str, Any]

DESCRIPTION = """
Conversations, messages, replies, API keys and usage. Send `Authorization: Bearer <API key>`, or be
signed in and send the CSRF token with everything that changes something.

What a key may do depends on its scopes: `read` for looking (GET), `chat` for changing something,
`models` for the list of models. What is missing is named in a 403.

Errors are `{"error": {"code", "message", "fields"?}}`. A 429 or a 503 says in
`Retry-After`, in seconds, when to try again.

Replies can also be watched while they are written, over a WebSocket (`docs/protocol.md`), and
programs for OpenAI's API find it under `/v1` (`docs/api.md`), with errors in OpenAI's shape.
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
                "description": "An API key, made on the profile page.",
            },
            {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "The page's cookie, with `X-CSRFToken` on everything but GET.",
            },
        ]


class StrictObject(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Bodies in which an unknown field is an error."""

    target_class = "conversations.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Schema:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


# --- Refusals ---------------------------------------------------------------------------------

ERROR: Schema = {
    "type": "object",
    "description": "Every answer that is not a success.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "description": "For programs.", "example": "not_found"},
                "message": {"type": "string", "description": "A sentence for people."},
                "fields": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": "What is wrong with each field of a bad request.",
                },
            },
            "required": ["code", "message"],
        }
    },
    "required": ["error"],
}
RETRY_AFTER: Schema = {"schema": {"type": "integer"}, "description": "In seconds."}
ERROR_REF = {"$ref": "#/components/schemas/Error"}
BUSY = OpenApiResponse(ERROR_REF, "A reply is being written in it.")
REFUSALS = {
    "400": "The request is wrong; `fields` says where.",
    "401": "The key is missing, unknown, expired or revoked, or nobody is signed in.",
    "403": "The key lacks a scope, or the session its CSRF token.",
    "404": "There is no such thing (or page), or it is somebody else's.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "503": "Something that the server needs is down.",
}


def add_refusals(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Say of every operation how it may be refused (a hook of drf-spectacular)."""
    result["info"]["description"] = DESCRIPTION.strip()
    result["components"]["schemas"]["Error"] = ERROR
    for path, item in result["paths"].items():
        for method, operation in item.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            for status in _refusals(path, method, operation):
                content = {"application/json": {"schema": ERROR_REF}}
                refusal = {"description": REFUSALS[status], "content": content}
                if status == "503":
                    refusal["headers"] = {"Retry-After": RETRY_AFTER}
                operation["responses"].setdefault(status, refusal)
    return result


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
