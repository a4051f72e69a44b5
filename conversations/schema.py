"""The OpenAPI description of the API: what views say of themselves, and what all have in common.

Of drf-spectacular only `utils` is loaded with the server. The rest takes megabytes, and is loaded
when somebody asks for the description.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from drf_spectacular import utils
from drf_spectacular.utils import OpenApiResponse
from rest_framework.settings import api_settings

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

V = TypeVar("V", bound=Callable[..., Any])

_waiting: list[Callable[[], object]] = []


def extend_schema(**description: Any) -> Callable[[V], V]:
    """Describe a handler of a view. drf-spectacular's decorator of this name is called with these
    arguments when the description is made."""

    def keep(handler: V) -> V:
        _waiting.append(lambda: utils.extend_schema(**description)(handler))
        return handler

    return keep


def prepare(endpoints: list[Any]) -> list[Any]:
    """Load what describes the views (a hook of drf-spectacular, before it looks at them)."""
    from drf_spectacular.openapi import AutoSchema

    from conversations import schema_extensions  # noqa: F401 - registers itself

    # Not in the settings: views load it there as soon as they have an address.
    settings: Any = api_settings
    settings.DEFAULT_SCHEMA_CLASS = AutoSchema
    while _waiting:
        _waiting.pop()()
    return endpoints


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
    "415": "The content type of the request body is not the one that is expected.",
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
    for status in sorted(statuses):
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
    if method != "get":
        statuses.add("429")
    if method in ("post", "put", "patch"):
        statuses |= {"400", "413", "415"}
    return statuses
