"""A column for the words of a text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    _Base = models.TextField[Sequence[str], Any]
else:
    _Base = models.TextField


class WordsField(_Base):
    """A list of different words: `tsvector` in PostgreSQL, words between spaces elsewhere. The
    words are letters and digits alone. The database searches it; nothing reads it."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "tsvector" if connection.vendor == "postgresql" else "text"

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        if connection.vendor == "postgresql":
            return " ".join(f"'{word}'" for word in value)
        return " ".join(value)
