"""The errors that a caller sees, and their one shape.

    Problem                  code, message, http_status, fields, retry_after
    ├── InvalidInput         400, names the fields
    │   └── UnsupportedParameter the provider does not have it
    ├── NotAuthenticated     401, the key was revoked or has expired
    ├── CsrfFailed           403, the CSRF token or the origin is wrong
    ├── MissingScope         403, the key lacks a scope
    ├── ModelNotAllowed      403, the key may not use the model
    ├── StaffOnly            403, for staff, or for the owner
    ├── NotFound             404, missing or another user's
    ├── Conflict             409
    │   ├── ConversationBusy a reply is in progress
    │   ├── ClientIdConflict the client_id was used with different content
    │   └── StorageFull      a person has no room for more texts and files
    ├── TooLarge             413
    ├── Throttled            429, with the seconds to wait
    │   ├── TooManyRequests  in this minute or second
    │   ├── TooManyAtOnce    replies in progress
    │   └── BudgetSpent      tokens of a day or a month
    └── Unavailable          503, a service that the server needs is down

Code raises a type; `exception_handler` and the doors turn it into a response.
"""

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """An answer to the caller. `str(problem)` is its sentence; `headers` are those of the answer
    beside `Retry-After`."""

    code = "internal"
    http_status = 500
    headers: Mapping[str, str] = {}
    message = "Something went wrong on the server."
    retry_after: float | None = None

    def __init__(
        self, message: str | None = None, *, fields: Mapping[str, Any] | None = None
    ) -> None:
        self.message = message or type(self).message
        self.fields = fields
        super().__init__(self.message)


class CacheAway(Exception):
    """The cache that processes share does not answer. `str(error)` is the kind of its failure."""


class InvalidInput(Problem):
    code = "validation_error"
    http_status = 400
    message = "The request has invalid fields."


class UnsupportedParameter(InvalidInput):
    code = "unsupported_parameter"


class NotAuthenticated(Problem):
    code = "not_authenticated"
    http_status = 401
    headers = {"WWW-Authenticate": "Bearer"}
    message = "This API key is unknown, expired or revoked."


class CsrfFailed(Problem):
    code = "csrf_failed"
    http_status = 403
    message = "The CSRF token is missing or invalid, or the request came from another site."


class MissingScope(Problem):
    code = "missing_scope"
    http_status = 403


class ModelNotAllowed(Problem):
    code = "model_not_allowed"
    http_status = 403


class StaffOnly(Problem):
    code = "staff_only"
    http_status = 403
    message = "Only staff can do this."


class NotFound(Problem):
    code = "not_found"
    http_status = 404
    message = "Not found."


class Conflict(Problem):
    code = "conflict"
    http_status = 409


class ConversationBusy(Conflict):
    code = "conversation_busy"
    message = "A reply is already in progress in this conversation."


class ClientIdConflict(Conflict):
    code = "client_id_conflict"
    message = "This client_id was already used with different content."


class StorageFull(Conflict):
    code = "storage_full"
    message = "Your storage is full. Delete chats or files that you do not need."


class TooLarge(Problem):
    code = "too_large"
    http_status = 413
    message = "The request is too large."


class Throttled(Problem):
    """Refused for now. `retry_after` is in seconds."""

    http_status = 429

    retry_after: float

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyRequests(Throttled):
    code = "rate_limited"


class TooManyAtOnce(Throttled):
    code = "too_many_at_once"


class BudgetSpent(Throttled):
    code = "budget_spent"
    headers = {"x-should-retry": "false"}  # OpenAI's clients would, twice


class Unavailable(Problem):
    code = "unavailable"
    http_status = 503
    message = "The service is temporarily unavailable. Try again shortly."
    retry_after = 3.0


def error_body(
    code: str, message: str, fields: Mapping[str, Any] | None = None, detail: str = ""
) -> dict[str, dict[str, Any]]:
    """Return the JSON of an error. `detail` is a provider's own sentence."""
    error: dict[str, Any] = {"code": code, "message": message}
    if fields:
        error["fields"] = fields
    if detail:
        error["detail"] = detail
    return {"error": error}


def first_sentence(fields: Mapping[str, Any]) -> str:
    """Return `field: message` for the first field of a nested error."""
    for name, detail in fields.items():
        if isinstance(detail, Mapping):
            return f"{name}.{first_sentence(detail)}"
        text = detail[0] if isinstance(detail, list) and detail else detail
        if isinstance(text, Mapping):
            return f"{name}.{first_sentence(text)}"
        return f"{name}: {text}"
    return InvalidInput.message
