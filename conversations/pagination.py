"""Pages by cursor: a page stays right while rows are added in front of it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Self
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from conversations.errors import InvalidInput, NotFound

# `?limit=` as OpenAPI tells it; a larger one gives as many as there may be.
LIMIT = {"type": "integer", "minimum": 1, "maximum": 999_999_999}


class MissingPage(NotFound):
    message = "There is no such page: follow `next` and `previous` as they are."


@dataclass(frozen=True, slots=True)
class Border:
    """Where a page begins: behind the row with this time and id. One that goes `back` ends
    before it. The row itself may be gone."""

    moment: datetime
    id: UUID
    back: bool

    def encode(self) -> str:
        words = f"{int(self.back)} {self.moment.isoformat()} {self.id.hex}"
        return urlsafe_b64encode(words.encode()).decode()

    @classmethod
    def decode(cls, cursor: str) -> Self:
        """Raises `ValueError`."""
        back, moment, row_id = urlsafe_b64decode(cursor).decode("ascii").split(" ")
        border = cls(datetime.fromisoformat(moment), UUID(row_id), back == "1")
        if border.encode() != cursor or border.moment.utcoffset() != timedelta(0):
            raise ValueError
        return border

    def cut(self, rows: QuerySet[Any], field: str) -> QuerySet[Any]:
        """What lies on its side of rows that are ordered by `field` and id, newest first."""
        way = "gt" if self.back else "lt"
        same = Q(**{field: self.moment, f"id__{way}": self.id})
        beyond = Q(**{f"{field}__{way}": self.moment})
        # Said twice, so that the database can start in its index.
        return rows.filter(beyond | same, **{f"{field}__{way}e": self.moment})


class NewestFirst(CursorPagination):
    """Conversations, 50 a page, up to 200 with `?limit=`.

    REST framework's own cursors count rows from a time. Going back they leave out some of those
    that have the same time; these name the row.
    """

    ordering = ("-updated_at", "-id")
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def get_page_size(self, request: Request) -> int:
        assert self.page_size  # noqa: S101 - narrows the type for the checker
        return whole_number(
            request, "limit", default=self.page_size, most=self.max_page_size or self.page_size
        )

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        size, field = self.get_page_size(request), self.ordering[0].removeprefix("-")
        border = self.border(request)
        link = partial(self._link, request.build_absolute_uri(), field)
        found = queryset.order_by(*self.ordering)
        if border is not None:
            found = border.cut(found, field)
        back = border is not None and border.back
        rows = list((found.reverse() if back else found)[: size + 1])
        page = rows[size - 1 :: -1] if back else rows[:size]
        here, there = len(rows) > size, border is not None  # whether there is more on each side
        has_next, has_previous = (there, here) if back else (here, there)
        self._next = link(page[-1], back=False) if page and has_next else None
        self._previous = link(page[0], back=True) if page and has_previous else None
        return page

    def get_next_link(self) -> str | None:
        return self._next

    def get_previous_link(self) -> str | None:
        return self._previous

    def _link(self, url: str, field: str, row: Any, *, back: bool) -> str:
        cursor = Border(getattr(row, field), row.pk, back).encode()
        return str(replace_query_param(url, "cursor", cursor))

    def border(self, request: Request) -> Border | None:
        """Where the page that is asked for begins; `None` for the first."""
        cursor = request.query_params.get("cursor")
        try:
            return None if cursor is None else Border.decode(cursor)
        except ValueError:
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
