"""The opening of a socket: whether the caller may, and on which conversation."""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from conversations.errors import MissingScope, NotFound
from conversations.people import keys
from conversations.people.signin_attempts import client_address
from conversations.threads import access
from conversations.threads.models import Conversation
from streaming import events, presence
from streaming.caller import Caller
from streaming.credentials import Credentials
from streaming.errors import describe
from streaming.events import CloseCode

T = TypeVar("T")

# Open sockets of one address whose clients were not found to be signed in: they have been told so,
# and should be gone.
MOST_STRANGERS: Final = 32

_strangers_from: Counter[str] = Counter()


class TooManyStrangers(Exception):
    """The address has too many sockets that are not signed in."""


class SocketRefused(Exception):
    """The socket must be closed with `close_code`, after an `error` event with the reason."""

    def __init__(self, code: str, message: str, close_code: CloseCode) -> None:
        super().__init__(message)
        self.code, self.message, self.close_code = code, message, close_code


@dataclass(frozen=True, slots=True)
class Admitted:
    """The caller and the conversation of a socket; `provider` is `?provider=`, or empty."""

    caller: Caller
    conversation: Conversation
    provider: str


async def admit(scope: dict[str, Any], credentials: Credentials) -> Admitted:
    """Find the caller and the conversation of a handshake. Reads the database. Raises
    `SocketRefused`."""
    try:
        caller = await database_sync_to_async(credentials.caller)()
        if caller is None:
            raise SocketRefused("not_authenticated", "Sign in first.", CloseCode.NOT_SIGNED_IN)
        keys.require(caller.key, "read")
        conversation_id = UUID(scope["url_route"]["kwargs"]["conversation_id"])
        row = await database_sync_to_async(access.conversation)(caller.user, conversation_id)
    except MissingScope as refusal:
        raise SocketRefused(refusal.code, refusal.message, CloseCode.NOT_ALLOWED) from None
    except (NotFound, ValueError):
        raise SocketRefused("not_found", "Conversation not found.", CloseCode.NOT_FOUND) from None
    except DatabaseError as error:
        problem = describe(error)
        raise SocketRefused(problem.code, problem.message, CloseCode.INTERNAL) from None
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return Admitted(caller, row, caller.chosen_provider(query.get("provider", [""])[0]))


def counted(user_id: UUID) -> AbstractContextManager[None]:
    """Count one more socket of a user inside the block. Raises `SocketRefused` at the limit."""
    if presence.sockets_here[user_id] >= settings.CHAT_SOCKETS_PER_USER:
        raise SocketRefused(
            "too_many_sockets", "You have too many open sockets.", CloseCode.TOO_MANY
        )
    return _one_more(presence.sockets_here, user_id)


def counted_stranger(scope: dict[str, Any]) -> AbstractContextManager[None]:
    """Count one more socket of an address that is not signed in inside the block. Raises
    `TooManyStrangers` at the limit."""
    peer = scope.get("client") or ("",)
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    address = client_address(str(peer[0]), b",".join(forwarded).decode("latin-1"))
    if _strangers_from[address] >= MOST_STRANGERS:
        raise TooManyStrangers
    return _one_more(_strangers_from, address)


@contextmanager
def _one_more(counter: "Counter[T]", subject: T) -> Iterator[None]:
    counter[subject] += 1
    try:
        yield
    finally:
        counter[subject] -= 1
        if not counter[subject]:
            del counter[subject]


async def no_such_socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer a socket on an unknown path: accept, send an `error`, close."""
    await send({"type": "websocket.accept"})
    event = events.error("not_found", "Not found.")
    await send({"type": "websocket.send", "text": events.encode(event)})
    await send({"type": "websocket.close", "code": int(CloseCode.NOT_FOUND)})
