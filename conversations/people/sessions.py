"""Sessions, stored under a hash of their cookie: who reads the database cannot sign in with it.

A row of the release before has the cookie itself as its key. It stays good until it expires, so
nobody is signed out by an upgrade; its 32 characters tell it from a hash, which has 40.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

PLAIN_LENGTH: Final = 32
# The most that the column takes.
HASH_LENGTH: Final = 40


def row_key(cookie: str) -> str:
    """The key of the row of a session."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).hexdigest()[:HASH_LENGTH]


def rows(cookies: Iterable[str]) -> dict[str, Session]:
    """The sessions of these cookies that have not expired, by cookie. One query."""
    keys = {row_key(cookie): cookie for cookie in cookies}
    keys |= {cookie: cookie for cookie in cookies if len(cookie) == PLAIN_LENGTH}
    unexpired = Session.objects.filter(pk__in=list(keys), expire_date__gt=timezone.now())
    return {keys[row.pk]: row for row in unexpired}


class SessionStore(db.SessionStore):
    """Django's, with other keys of its rows."""

    _plain = False  # its row is of the release before

    def _get_session_from_db(self) -> Session | None:
        row = rows([self.session_key or ""]).get(self.session_key or "")
        if row is None:
            self._session_key = None
        self._plain = row is not None and row.pk == self.session_key
        return row

    def exists(self, session_key: str) -> bool:
        return bool(super().exists(row_key(session_key)))

    def create_model_instance(self, data: Any) -> Session:
        row: Any = super().create_model_instance(data)
        if not self._plain:
            row.session_key = row_key(row.session_key)
        return row  # type: ignore[no-any-return]

    def create(self) -> None:
        self._plain = False
        super().create()

    def delete(self, session_key: str | None = None) -> None:
        if cookie := session_key or self.session_key:
            for row in rows([cookie]).values():
                row.delete()

    # Django's own asynchronous forms ask the database by the cookie.

    async def _aget_session_from_db(self) -> Session | None:
        return await sync_to_async(self._get_session_from_db)()

    async def aexists(self, session_key: str) -> bool:
        return await sync_to_async(self.exists)(session_key)

    async def acreate_model_instance(self, data: Any) -> Session:
        return await sync_to_async(self.create_model_instance)(data)

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)
