"""Pages by cursor: a page stays right while rows are added in front of it."""

from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from conversations.errors import InvalidInput, NotFound

# `?limit=` as OpenAPI tells it; a larger one gives as many as there may be.
LIMIT = {"type": "integer", "minimum": 1, "maximum": 999_999_999}


class MissingPage(NotFound):
    message = "There is no such page: follow `next` and `previous` as they are."


class NewestFirst(CursorPagination):
    """Conversations, 50 a page, up to 200 with `?limit=`."""

    ordering = ("-updated_at", "-id")
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def get_page_size(self, request: Request) -> int:
        assert self.page_size  # noqa: S101 - narrows the type for the checker
        return whole_number(
            request, "limit", default=self.page_size, most=self.max_page_size or self.page_size
        )

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except exceptions.NotFound:
            raise MissingPage from None

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == "limit":
                parameter["schema"] = LIMIT
        return parameters


def whole_number(request: Request, name: str, *, default: int, most: int) -> int:
    """The query parameter `name` as a number from 1 to `most`."""
    value = request.query_params.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or len(value) > 9 or int(value) < 1:
        raise invalid(name, "This has to be a whole number from 1.")
    return min(int(value), most)


def uuid(request: Request, name: str) -> UUID | None:
    """The query parameter `name` as a UUID, `None` without it."""
    value = request.query_params.get(name)
    if value is None:
        return None
    try:
        return UUID(value)
    except ValueError:
        raise invalid(name, "This is not a UUID.") from None


def day(request: Request, name: str) -> date | None:
    """The query parameter `name` as a day, `None` without it."""
    value = request.query_params.get(name)
    if value is None:
        return None
    with suppress(ValueError):
        found = date.fromisoformat(value)
        if found.isoformat() == value:  # it takes other spellings too
            return found
    raise invalid(name, "This has to be a day, as in 2026-01-31.")


def flag(request: Request, name: str) -> bool | None:
    """The query parameter `name` as true or false, `None` without it."""
    value = choice(request, name, ("", "true", "false"))
    return None if not value else value == "true"


def choice(request: Request, name: str, options: tuple[str, ...]) -> str:
    """The query parameter `name`, one of `options`; the first without it."""
    value: str = request.query_params.get(name, options[0])
    if value not in options:
        raise invalid(name, f"This has to be {' or '.join(filter(None, options))}.")
    return value


def invalid(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(f"{name}: {sentence}", fields={name: [sentence]})
