"""What a caller did wrong, and the one shape in which it is said.

    Problem                  code, message, http_status, fields, retry_after
    ├── InvalidInput         400, names the fields
    ├── NotAuthenticated     401, the key is not good any more
    ├── CsrfFailed           403, a session without its token, or from a foreign page
    ├── MissingScope         403, the key was not made for this
    ├── ModelNotAllowed      403, nor for this model
    ├── NotFound             404, also for what belongs to somebody else
    ├── Conflict             409
    │   ├── ConversationBusy a reply is running in it
    │   └── ClientIdConflict the client_id was used with other content
    ├── TooLarge             413
    ├── Throttled            429, with the seconds after which to try again
    │   ├── TooManyRequests  this minute
    │   ├── TooManyAtOnce    others are still running
    │   └── BudgetSpent      the tokens of a day or a month
    └── Unavailable          503, the same; what went wrong does not say when it will be over

Raise a type; nothing formats an answer where it raises.
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


class InvalidInput(Problem):
    code = "validation_error"
    http_status = 400
    message = "The request has invalid fields."


class NotAuthenticated(Problem):
    code = "not_authenticated"
    http_status = 401
    headers = {"WWW-Authenticate": "Bearer"}
    message = "This API key is unknown, expired or revoked."


class CsrfFailed(Problem):
    code = "csrf_failed"
    http_status = 403
    message = "The CSRF token is missing or old, or the request came from another site's page."


class MissingScope(Problem):
    code = "missing_scope"
    http_status = 403


class ModelNotAllowed(Problem):
    code = "model_not_allowed"
    http_status = 403


class NotFound(Problem):
    code = "not_found"
    http_status = 404
    message = "There is no such thing here."


class Conflict(Problem):
    code = "conflict"
    http_status = 409


class ConversationBusy(Conflict):
    code = "conversation_busy"
    message = "A reply is still being written in this conversation."


class ClientIdConflict(Conflict):
    code = "client_id_conflict"
    message = "This client_id was already used with other content."


class TooLarge(Problem):
    code = "too_large"
    http_status = 413
    message = "The request is too large."


class Throttled(Problem):
    """`retry_after` is in seconds; the sentence tells it too."""

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


class Unavailable(Problem):
    code = "unavailable"
    http_status = 503
    message = "The server cannot do this at the moment. Try again shortly."
    retry_after = 3.0


def error_body(
    code: str, message: str, fields: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """The shape of every error that a client of ours sees."""
    error: dict[str, Any] = {"code": code, "message": message}
    if fields:
        error["fields"] = fields
    return {"error": error}


def first_sentence(fields: Mapping[str, Any]) -> str:
    """`field: what is wrong with it`, for the first field of a nested error."""
    for name, detail in fields.items():
        if isinstance(detail, Mapping):
            return f"{name}.{first_sentence(detail)}"
        text = detail[0] if isinstance(detail, list) and detail else detail
        if isinstance(text, Mapping):
            return f"{name}.{first_sentence(text)}"
        return f"{name}: {text}"
    return InvalidInput.message
