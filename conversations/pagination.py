"""Pages of rows by cursor: rows that are added in front move nothing."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import BasePagination, Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.fields import PageQuery

# The most that a page takes, roughly, unless it is one row.
PAGE_BYTES = 2_000_000


class OnePage(BasePagination):
    """All rows on one page, for lists that are bounded."""

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        return list(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": None, "previous": None, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True}
        properties = {"next": link, "previous": link, "results": schema}
        return {"type": "object", "required": ["results"], "properties": properties}


class NewestFirst(CursorPagination):
    """Conversations, 50 a page, up to 200 with `?limit=`.

    A position is the time and the id of a row. REST framework's own is the time and a count of
    rows, which loses rows of the same time on the way back.
    """

    ordering: tuple[str, ...] = ("-updated_at", "-id")
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    invalid_cursor_message = "Not found. Use the links in `next` and `previous`."

    def get_page_size(self, request: Request) -> int:
        limit: int = PageQuery.of(request).get("limit", self.page_size)
        return min(limit, self.max_page_size)

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.base_url = request.build_absolute_uri()
        size, cursor = self.get_page_size(request), self.decode_cursor(request)
        back = cursor is not None and cursor.reverse
        rows = queryset.order_by(*self.ordering)
        if cursor is not None:
            rows = rows.filter(self._beyond(cursor))
        fetched = list((rows.reverse() if back else rows)[: size + 1])
        size = min(size, _fitting(fetched))
        page = fetched[size - 1 :: -1] if back else fetched[:size]
        here, there = len(fetched) > size, cursor is not None  # whether there is more on each side
        has_next, has_previous = (there, here) if back else (here, there)
        self._next = self._link(page[-1], back=False) if page and has_next else None
        self._previous = self._link(page[0], back=True) if page and has_previous else None
        return page

    def get_next_link(self) -> str | None:
        return self._next

    def get_previous_link(self) -> str | None:
        return self._previous

    def _link(self, row: Any, *, back: bool) -> str:
        position: Any = self._position(row)
        return str(self.encode_cursor(Cursor(0, back, position)))

    @property
    def _field(self) -> str:
        """The time by which the rows are ordered."""
        return self.ordering[-2].removeprefix("-")

    def _position(self, row: Any) -> str:
        moment = getattr(row, self._field)
        return f"{moment.isoformat()} {row.pk.hex}"

    def _beyond(self, cursor: Cursor) -> Q:
        """The rows behind the position of the cursor, or before it on the way back."""
        try:
            return self._behind(str(cursor.position), "gt" if cursor.reverse else "lt")
        except ValueError:
            raise NotFound(self.invalid_cursor_message) from None

    def _behind(self, text: str, way: str) -> Q:
        """The rows that are `lt` or `gt` a position. Raises `ValueError`."""
        moment, _, row_id = text.partition(" ")
        position = datetime.fromisoformat(moment), UUID(row_id)
        if position[0].utcoffset() != timedelta(0):
            raise ValueError
        field = self._field
        same = Q(**{field: position[0], f"id__{way}": position[1]})
        # `__lte` repeats the condition in a form for which the database uses its index.
        return Q(**{f"{field}__{way}e": position[0]}) & (
            Q(**{f"{field}__{way}": position[0]}) | same
        )

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == "limit":
                parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
        return parameters


def _fitting(rows: list[Any]) -> int:
    """Return how many of the rows a page holds."""
    total = 0
    for count, row in enumerate(rows):
        total += sum(len(str(value)) for value in vars(row).values())
        if total > PAGE_BYTES and count:
            return count
    return len(rows)


class TitlesFirst(NewestFirst):
    """The order of search results: first those whose title matches (`in_title`)."""

    ordering = ("-in_title", *NewestFirst.ordering)

    def _position(self, row: Any) -> str:
        return f"{row.in_title} {super()._position(row)}"

    def _behind(self, text: str, way: str) -> Q:
        in_title, _, rest = text.partition(" ")
        if in_title not in {"0", "1"}:
            raise ValueError
        same = Q(in_title=int(in_title)) & super()._behind(rest, way)
        return Q(**{f"in_title__{way}": int(in_title)}) | same
