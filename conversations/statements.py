"""Queries that are asked at every turn, and compiled once.

Django builds the SQL of a query, and the objects of its answer, anew each time: most queries of a
turn take longer there than in the database.
"""

from collections.abc import Callable
from copy import copy
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)
Row = tuple[Any, ...]

# Rows whose objects are kept, for each kind.
MOST_KEPT = 1000


class _Compiled:
    """The SQL of a query for one kind of database, and where its values stand."""

    def __init__(self, query: Any, values: tuple[UUID | str, ...]) -> None:
        self.compiler: Any = query.get_compiler(connection=connection)
        self.sql, params = self.compiler.as_sql()
        self.params = list(params)
        self.places = [self.params.index(_adapted(value)) for value in values]
        selected = [entry[0] for entry in self.compiler.select]
        self.converters: Any = self.compiler.get_converters(selected)
        self.model: Any = query.model
        self.names = [field.attname for field in query.model._meta.concrete_fields]


class Statement(Generic[M]):
    """A query with values to be filled in: `Statement(lambda key: Row.objects.filter(pk=key))`.

    It is compiled by the first use, with a value of the same type. A value stands where it is
    compared, once each; all else in the query stays as it was.
    """

    def __init__(self, build: Callable[..., QuerySet[M, Any]]) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, *values: UUID | str) -> list[Row]:
        """What the database answers, as `values_list` gives it."""
        rows, compiled = self.raw(*values), self._for(values)
        if not compiled.converters:
            return rows
        return [tuple(row) for row in compiled.compiler.apply_converters(rows, compiled.converters)]

    def objects(self, *values: UUID | str) -> list[M]:
        """The rows as objects, where the query selects all of one model's columns."""
        compiled = self._for(values)
        made = compiled.model.from_db
        return [made(connection.alias, compiled.names, row) for row in self.rows(*values)]

    def raw(self, *values: UUID | str) -> list[Row]:
        """The same without conversion: good for comparing."""
        compiled = self._for(values)
        params = [*compiled.params]
        for place, value in zip(compiled.places, values, strict=True):
            params[place] = _adapted(value)
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, params)
            return list(cursor.fetchall())

    def _for(self, values: tuple[UUID | str, ...]) -> _Compiled:
        compiled = self._compiled.get(connection.vendor)
        if compiled is None:
            # Not with the values themselves: two that are equal would have one place.
            marks = tuple(uuid4() if isinstance(value, UUID) else uuid4().hex for value in values)
            compiled = _Compiled(self._build(*marks).query, marks)
            self._compiled[connection.vendor] = compiled
        return compiled


class Insert(Generic[M]):
    """Stores new objects of a model, by one statement that is written once."""

    def __init__(self, model: type[M]) -> None:
        self._table = model._meta.db_table
        self._fields: list[Any] = list(model._meta.concrete_fields)
        self._row = f"({', '.join(['%s'] * len(self._fields))})"
        self._columns = ", ".join(field.column for field in self._fields)

    def __call__(self, *objects: M) -> None:
        """Raises `IntegrityError`."""
        sql = (
            f"INSERT INTO {self._table} ({self._columns}) "  # noqa: S608 - names of our own
            f"VALUES {', '.join([self._row] * len(objects))}"
        )
        params = [
            field.get_db_prep_save(field.pre_save(made, True), connection)
            for made in objects
            for field in self._fields
        ]
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
        for made in objects:
            made._state.adding, made._state.db = False, connection.alias


class Kept(Generic[M]):
    """Objects that are made anew only when the database gives another row for them.

    Every `get` asks the database, so nothing is ever out of date; what is saved is Django's work.
    Each gets a copy, with copies of the objects that the query selects with it.
    """

    def __init__(self, build: Callable[..., QuerySet[M, Any]]) -> None:
        self._build, self._statement = build, Statement(build)
        self._kept: dict[UUID | str, tuple[Row, M]] = {}

    def get(self, value: UUID | str) -> M | None:
        """The first object of the query with this value, or `None`."""
        rows = self._statement.raw(value)
        kept = self._kept.get(value)
        if not rows:
            self._kept.pop(value, None)
            return None
        if kept is not None and kept[0] == rows[0]:
            return _copied(kept[1])
        found = self._build(value).first()
        if found is not None:
            while len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[value] = rows[0], _copied(found)
        return found


def _copied(found: M) -> M:
    made = copy(found)
    related: dict[str, Any] = made._state.fields_cache
    for name, beside in related.items():
        related[name] = copy(beside)
    return made


def _adapted(value: UUID | str) -> Any:
    """As the database takes it."""
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value
