"""Ends what was begun with an API key, an account or a session that does not count any more.

Replies end with the key, and with the account whose work they are; that of an ended session goes
on, and only its sockets close. The code that revokes a key or ends a session says so at once
(`hints.credentials_changed`). What expires, or is ended by another program (`manage.py
changepassword`), is found by a check every few seconds, one for all that runs in this process.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import DatabaseError

from conversations.people import keys, services
from streaming import credentials
from streaming.background import BackgroundLoop
from streaming.caller import Caller
from streaming.db_threads import db_threads

# How often the credentials of running work are checked, in seconds.
LOOK_SECONDS = 5.0

OnRevoked = Callable[[], object]
Id = TypeVar("Id", bound=Hashable)


class Revocable(Generic[Id]):
    """The work that runs with credentials of one kind, by their ids. Lives in one event loop.

    `still_good` reads from the database which of the ids still count; `kind` names them in the log.
    """

    def __init__(self, kind: str, still_good: Callable[[set[Id]], set[Id]]) -> None:
        self._still_good = still_good
        self._ends: dict[Id, set[OnRevoked]] = {}
        # While the database is away no work ends.
        self._loop = BackgroundLoop(
            kind,
            self._check,
            pause=lambda: LOOK_SECONDS,
            outage=(DatabaseError,),
            retry=LOOK_SECONDS,
        )

    @contextmanager
    def running(self, credential_id: Id | None, end: OnRevoked) -> Iterator[None]:
        """While inside, `end` is called when the credentials stop counting; it must not raise,
        and may be called more than once. Without an id nothing happens."""
        if credential_id is None:
            yield
            return
        ends = self._ends.setdefault(credential_id, set())
        ends.add(end)
        self._loop.start()
        try:
            yield
        finally:
            ends.discard(end)
            if not ends and self._ends.get(credential_id) is ends:
                del self._ends[credential_id]

    def look_again(self) -> None:
        """Check at once: some may have been revoked. Call it in the event loop."""
        self._loop.wake()

    async def _check(self) -> None:
        checked = set(self._ends)
        if (
            not checked
        ):  # not sooner: to begin and end a task takes longer than most of a turn's steps
            self._loop.cancel()
            return
        async with db_threads.borrow():
            good = await database_sync_to_async(self._still_good)(checked)
        for revoked in checked - good:
            for end in list(self._ends.get(revoked, ())):
                end()


accounts = Revocable[UUID]("accounts", services.active)
api_keys = Revocable[UUID]("keys", keys.good)
sessions = Revocable[str]("sessions", credentials.signed_in)


@contextmanager
def work_of(caller: Caller, end: OnRevoked) -> Iterator[None]:
    """While inside, `end` is called when the caller's key or account stops counting."""
    with api_keys.running(caller.key_id, end), accounts.running(caller.user.pk, end):
        yield


def look_again() -> None:
    """Check keys and accounts at once. Call it in the event loop."""
    api_keys.look_again()
    accounts.look_again()
