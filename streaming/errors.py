"""One description for every failure, the same on every door."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from django.db import DatabaseError, DataError, IntegrityError
from rest_framework import serializers

from conversations.errors import Problem, first_sentence
from providers.errors import ProviderError

# What a database raises for values that it cannot hold: too large, not a number, half a character.
UNSTORABLE: tuple[type[Exception], ...] = (DataError, IntegrityError, ValueError, OverflowError)
STORE_FAILURES: tuple[type[Exception], ...] = (DatabaseError, *UNSTORABLE)


@dataclass(frozen=True, slots=True)
class Description:
    """A failure as a client sees it. `message` is a sentence for a person, `retry_after` the
    seconds in it; `detail` is the provider's own sentence, for programs."""

    code: str
    message: str
    http_status: int
    retryable: bool
    fields: Any = field(default=None)
    retry_after: float | None = None
    detail: str = ""

    def as_error(self) -> dict[str, Any]:
        """The `error` of a message that failed."""
        error = {"code": self.code, "message": self.message, "retryable": self.retryable}
        if self.detail:
            error["detail"] = self.detail
        if self.retry_after is not None:
            error["retry_after"] = max(1, ceil(self.retry_after))
        return error


def describe(exc: BaseException) -> Description:
    """Describe any exception. An unexpected one is `internal`: its text may hold secrets."""
    match exc:
        case ProviderError():
            return Description(
                exc.code,
                exc.message,
                exc.http_status,
                exc.retryable,
                retry_after=exc.retry_after,
                detail=exc.detail,
            )
        case Problem():
            retryable = exc.http_status in (409, 503)
            return Description(exc.code, exc.message, exc.http_status, retryable, exc.fields)
        case serializers.ValidationError():
            detail = exc.detail if isinstance(exc.detail, dict) else {"frame": exc.detail}
            code = "invalid_parameters" if "parameters" in detail else "validation_error"
            return Description(code, first_sentence(detail), 400, False, detail)
        case DatabaseError():
            return Description(
                "unavailable", "The server cannot reach its database. Try again.", 503, True
            )
        case _:
            return Description("internal", Problem.message, 500, True)


def http_status(code: str) -> int:
    """The HTTP status of a failure of which only the code was stored."""
    return _STATUSES.get(code, ProviderError.http_status)


def _kinds(error: type[Exception]) -> Iterator[Any]:
    yield error
    for kind in error.__subclasses__():
        yield from _kinds(kind)


_STATUSES: dict[str, int] = {
    kind.code: kind.http_status for base in (Problem, ProviderError) for kind in _kinds(base)
}
