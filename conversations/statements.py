"""Queries that are asked at every turn, and compiled once.

Django builds the SQL of a query, and the objects of its answer, anew each time: most queries of a
turn take longer there than in the database.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cache
from typing import Any, Final, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections
from django.db.models import (
    BooleanField,
    CharField,
    IntegerField,
    Model,
    QuerySet,
    TextField,
)

M = TypeVar("M", bound=Model)
# What PostgreSQL and SQLite call a second row of a kind of which there may be one.
DUPLICATE: Final = ("23505", "SQLITE_CONSTRAINT_UNIQUE")
Row = tuple[Any, ...]

# Rows whose objects are kept, for each kind.
MOST_KEPT = 1000

# Values that fields of these kinds store as they are.
_AS_IS = (str, int, bool)
_PLAIN = (BooleanField, CharField, IntegerField, TextField)
# Where a value stands in what Django writes.
_PLACE = re.compile("(?<!%)%s")


def database() -> Any:
    """This thread's connection. Each look at Django's `connection` finds it anew."""
    return connections[DEFAULT_DB_ALIAS]


def fetched(sql: str, params: Sequence[Any]) -> list[Row]:
    """The rows of a statement, as the database gives them."""
    with _executed(sql, params) as cursor:
        return list(cursor.fetchall())


def changed(sql: str, params: Sequence[Any]) -> int:
    """How many rows a statement has changed."""
    with _executed(sql, params) as cursor:
        return int(cursor.rowcount)


def change_each(sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement once with each of these lists of values. All are sent at once, for less than
    half of what as many statements cost."""
    with _executed(sql, rows, how="executemany"):
        pass


@contextmanager
def _executed(sql: str, params: Sequence[Any], how: str = "execute") -> Iterator[Any]:
    """The cursor of a statement. On SQLite it goes straight to the driver: Django's way there
    rewrites the places of the values each time, and takes longer than most statements do."""
    base = database()
    if base.vendor != "sqlite" or base.queries_logged or base.execute_wrappers:
        with base.cursor() as cursor:
            getattr(cursor, how)(sql, params)
            yield cursor
        return
    base.ensure_connection()
    base.validate_no_broken_transaction()
    with base.wrap_database_errors:
        yield getattr(base.connection, how)(_for_sqlite(sql), params)


@cache
def _for_sqlite(sql: str) -> str:
    return _PLACE.sub("?", sql).replace("%%", "%")


class _Compiled:
    """The SQL of a query for one kind of database, and where its values stand."""

    def __init__(self, query: Any, values: tuple[UUID | str, ...], base: Any) -> None:
        self.compiler: Any = query.get_compiler(connection=base)
        self.sql, params = self.compiler.as_sql()
        self.params = list(params)
        self.native = base.features.has_native_uuid_field
        self.places = [self.params.index(_adapted(value, self.native)) for value in values]
        selected = [entry[0] for entry in self.compiler.select]
        self.converters: Any = self.compiler.get_converters(selected)
        # Of columns; `None` for what is computed.
        self.fields = [getattr(expression, "target", None) for expression in selected]
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
        """Return the rows of the database, as `values_list` gives them."""
        rows, compiled = self.raw(*values), self._for(values)
        if not compiled.converters:
            return rows
        return [tuple(row) for row in compiled.compiler.apply_converters(rows, compiled.converters)]

    def objects(self, *values: UUID | str) -> list[M]:
        """The rows as objects, where the query selects all of one model's columns."""
        compiled = self._for(values)
        made = compiled.model.from_db
        return [made(DEFAULT_DB_ALIAS, compiled.names, row) for row in self.rows(*values)]

    def raw(self, *values: UUID | str) -> list[Row]:
        """The same without conversion: good for comparing."""
        compiled = self._for(values)
        params = [*compiled.params]
        for place, value in zip(compiled.places, values, strict=True):
            params[place] = _adapted(value, compiled.native)
        return fetched(compiled.sql, params)

    def places(self, value: UUID | str, names: frozenset[str]) -> dict[int, Any]:
        """Where columns of these names stand in a raw row, and their fields."""
        return {
            place: field
            for place, field in enumerate(self._for((value,)).fields)
            if field is not None and field.attname in names
        }

    def _for(self, values: tuple[UUID | str, ...]) -> _Compiled:
        base = database()
        compiled = self._compiled.get(base.vendor)
        if compiled is None:
            # Not with the values themselves: two that are equal would have one place.
            marks = tuple(uuid4() if isinstance(value, UUID) else uuid4().hex for value in values)
            compiled = _Compiled(self._build(*marks).query, marks, base)
            self._compiled[base.vendor] = compiled
        return compiled


class Insert(Generic[M]):
    """Stores new objects of a model, by one statement that is written once."""

    def __init__(self, model: type[M], *, written: Mapping[str, str] | None = None) -> None:
        """`written` is SQL that makes the value of a column out of the given one, by its name."""
        self._table = model._meta.db_table
        self._fields: list[Any] = list(model._meta.concrete_fields)
        places = [(written or {}).get(field.name, "%s") for field in self._fields]
        self._row = f"({', '.join(places)})"
        self._columns = ", ".join(field.column for field in self._fields)

    def __call__(self, *objects: M) -> None:
        """Raises `IntegrityError`."""
        self._insert([vars(made) for made in objects])
        for made in objects:
            made._state.adding, made._state.db = False, DEFAULT_DB_ALIAS

    def row(self, **values: Any) -> None:
        """Store a row by the values of all its columns, without an object. Raises
        `IntegrityError`."""
        self._insert([values])

    def _insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        base = database()
        sql = (
            f"INSERT INTO {self._table} ({self._columns}) "  # noqa: S608 - names of our own
            f"VALUES {', '.join([self._row] * len(rows))}"
        )
        params = [
            _stored(field, row[field.attname], base) for row in rows for field in self._fields
        ]
        changed(sql, params)


class Update(Generic[M]):
    """Changes the rows of a model that have these values, and returns how many there were:
    `update({"status": "done"}, id=key, writer=None, status=("new", "open"))`."""

    def __init__(self, model: type[M]) -> None:
        self._table = model._meta.db_table
        self._fields: dict[str, Any] = {field.name: field for field in model._meta.concrete_fields}

    def __call__(self, changes: Mapping[str, Any], **values: Any) -> int:
        """Foreign keys are given as keys. A tuple of values is any of them."""
        columns, params = self._columns(changes)
        where: list[str] = []
        for name, value in values.items():
            if value is None:
                where.append(f"{self._column(name)} IS NULL")
                continue
            several = value if isinstance(value, tuple) else (value,)
            where.append(f"{self._column(name)} IN ({', '.join(['%s'] * len(several))})")
            params += [self._stored(name, each) for each in several]
        sql = (
            f"UPDATE {self._table} SET {columns} "  # noqa: S608 - names of our own
            f"WHERE {' AND '.join(where)}"
        )
        return changed(sql, params)

    def _columns(self, changes: Mapping[str, Any]) -> tuple[str, list[Any]]:
        columns = ", ".join(f"{self._column(name)} = %s" for name in changes)
        return columns, [self._stored(name, value) for name, value in changes.items()]

    def _column(self, name: str) -> str:
        return str(self._fields[name].column)

    def _stored(self, name: str, value: Any) -> Any:
        return _stored(self._fields[name], value, database())


class Kept(Generic[M]):
    """Objects that are made anew only when the database gives another row for them.

    Every `get` asks the database, so nothing is ever out of date; what is saved is Django's work.
    Each gets a copy, with copies of the objects that the query selects with it. Columns that are
    `counts`, plain numbers that each turn changes, are set on the copy.
    """

    def __init__(
        self, build: Callable[..., QuerySet[M, Any]], *, counts: frozenset[str] = frozenset()
    ) -> None:
        self._build, self._statement, self._counts = build, Statement(build), counts
        self._kept: dict[UUID | str, tuple[Row, M]] = {}
        self._places: dict[int, Any] | None = None

    def get(self, value: UUID | str) -> M | None:
        """The first object of the query with this value, or `None`."""
        rows = self._statement.raw(value)
        kept = self._kept.get(value)
        if not rows:
            self._kept.pop(value, None)
            return None
        if self._places is None:
            self._places = self._statement.places(value, self._counts)
        counts = self._places
        row = tuple(cell for place, cell in enumerate(rows[0]) if place not in counts)
        if kept is not None and kept[0] == row:
            made = _copied(kept[1])
            for place, field in counts.items():
                for each in (made, *made._state.fields_cache.values()):
                    if isinstance(each, field.model):
                        setattr(each, field.attname, rows[0][place])
            return made
        instance = self._build(value).first()
        if instance is not None:
            while len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[value] = row, _copied(instance)
        return instance


def _copied(original: M) -> M:
    made = copy(original)
    related: dict[str, Any] = made._state.fields_cache
    for name, beside in related.items():
        related[name] = copy(beside)
    return made


def _adapted(value: UUID | str, native: bool) -> Any:
    """Return a value as the database takes it; `native` says that it knows UUIDs."""
    return value.hex if isinstance(value, UUID) and not native else value


def _stored(field: Any, value: Any, base: Any) -> Any:
    """A field's value as the database takes it."""
    if type(value) in _AS_IS and isinstance(field, _PLAIN):
        return value
    return field.get_db_prep_save(value, base)


def is_duplicate(error: IntegrityError) -> bool:
    """Whether a row was refused because there is one of its kind."""
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return code in DUPLICATE
