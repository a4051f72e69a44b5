"""Every read and write of people's sign-ins to tool servers. Sync, keyword-only.

What is secret of them is encrypted in their rows, and leaves this module only as a `SignIn`.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_noop as _noop

from conversations.people.models import User
from conversations.secrets import SecretUnreadable, decrypt, encrypt
from conversations.tools.built_in import ToolFailed
from conversations.tools.models import ToolServer, ToolSignIn

# How long a person may take at the OAuth server; for how long a process may get new tokens before
# another one tries; and how much earlier than their end they are renewed.
LASTS: Final = timedelta(minutes=15)
RENEWAL: Final = timedelta(seconds=30)
EARLY: Final = timedelta(seconds=10)
# Scopes of a sign-in beside those that its tool server names first.
MOST_MORE: Final = 20
# How often it is tried to revoke an ended sign-in before it is deleted anyway: for about a day.
MOST_TRIES: Final = 6
FIRST_WAIT: Final = timedelta(seconds=15)
MOST_ENDED: Final = 100


class NeedsSignIn(ToolFailed):
    """The person has to sign in to the tool server, for the first time or anew."""

    def __init__(self, server: str) -> None:
        template = _noop("Sign in to the tool server %(name)s first.")
        super().__init__(template, code="needs_sign_in", name=server)


class WrongAnswer(ToolFailed):
    """The answer of an OAuth server belongs to no sign-in of this session."""

    def __init__(self) -> None:
        super().__init__(_noop("This sign-in was not started here, or has expired. Start again."))


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in with its secrets in the clear: never to be logged or told."""

    id: UUID
    server: ToolServer | None
    oauth: Mapping[str, Any]
    client: Mapping[str, Any] = field(repr=False)
    tokens: Mapping[str, Any] = field(repr=False)
    version: int
    is_fresh: bool

    @property
    def scope(self) -> str:
        """What the tokens were asked for."""
        return str(self.tokens.get("scope", self.oauth.get("scope") or ""))


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in on its way back: what its answer is checked and exchanged with."""

    sign_in: SignIn
    verifier: str = field(repr=False)


def _open(user: User, server: ToolServer) -> QuerySet[ToolSignIn]:
    rows = ToolSignIn.objects.select_related("server")
    return rows.filter(user=user, server=server, ended_at=None)


def find(*, user: User, server: ToolServer) -> SignIn | None:
    """Return the sign-in of a person to a server, if one was begun."""
    row = _open(user, server).first()
    return _read(row) if row else None


def signed_in(*, user: User, servers: Iterable[str] | None = None) -> set[str]:
    """Return the names of the servers, of these or of all, to which a person has signed in."""
    rows = ToolSignIn.objects.filter(user=user, ended_at=None).exclude(tokens="").order_by()
    if servers is not None:
        rows = rows.filter(server__name__in=list(servers))
    return set(rows.filter(server__isnull=False).values_list("server__name", flat=True))


# --- Signing in -------------------------------------------------------------------------------


def begin(
    *,
    user: User,
    server: ToolServer,
    state: str,
    session: str,
    verifier: str,
    client: Mapping[str, Any],
    oauth: Mapping[str, Any],
) -> None:
    """Store what the way back is checked with. A sign-in with another registration ends."""
    with transaction.atomic():
        # One at a time: the constraint allows one.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        row = _open(user, server).first()
        if row is not None and row.client and _object(row.client) != dict(client):
            _end(_open(user, server))
            row = None
        row = row or ToolSignIn(user=user, server=server)
        row.state_hash, row.began_at = _hash(state), timezone.now()
        row.pending = _sealed({"session": session, "verifier": verifier})
        row.client, row.oauth = row.client or _sealed(client), dict(oauth)
        row.save()


def take(*, user: User, state: str, session: str) -> Begun:
    """Return the sign-in that a person's session has begun with this `state`, once. Raises
    `WrongAnswer`."""
    with transaction.atomic():
        rows = ToolSignIn.objects.select_for_update(of=("self",)).select_related("server")
        late = timezone.now() - LASTS
        row = rows.filter(
            user=user, state_hash=_hash(state), ended_at=None, began_at__gt=late
        ).first()
        pending = _object(row.pending) if row else {}
        if row is None or row.server is None or not pending:
            raise WrongAnswer
        if not constant_time_compare(pending.get("session", ""), session):
            raise WrongAnswer
        row.state_hash = row.pending = ""
        row.save(update_fields=["state_hash", "pending"])
    return Begun(_read(row), pending["verifier"])


def keep(*, sign_in: SignIn, tokens: Mapping[str, Any]) -> bool:
    """Store tokens that an OAuth server gave. Returns `False` where the sign-in was ended or has
    others meanwhile."""
    given = dict(tokens)
    seconds = given.pop("expires_in", None)
    rows = ToolSignIn.objects.filter(id=sign_in.id, version=sign_in.version, ended_at=None)
    return bool(
        rows.update(
            tokens=_sealed(given),
            version=F("version") + 1,
            expires_at=None if seconds is None else timezone.now() + timedelta(seconds=seconds),
            renewing_at=None,
            signed_in_at=timezone.now(),
        )
    )


# --- New tokens -------------------------------------------------------------------------------


def begin_renewal(*, sign_in: SignIn) -> bool:
    """Return whether the caller gets new tokens: one of all processes does."""
    free = Q(renewing_at=None) | Q(renewing_at__lt=timezone.now() - RENEWAL)
    rows = ToolSignIn.objects.filter(free, id=sign_in.id, version=sign_in.version, ended_at=None)
    return bool(rows.exclude(tokens="").update(renewing_at=timezone.now()))


def give_up_renewal(*, sign_in: SignIn) -> None:
    """Let another try get new tokens: the OAuth server does not answer."""
    rows = ToolSignIn.objects.filter(id=sign_in.id, version=sign_in.version)
    rows.update(renewing_at=None)


def forget(*, sign_in: SignIn) -> None:
    """Forget tokens that are refused: the person has to sign in anew."""
    rows = ToolSignIn.objects.filter(id=sign_in.id, version=sign_in.version)
    rows.update(tokens="", version=F("version") + 1, expires_at=None, renewing_at=None)


def widen(*, sign_in: SignIn, scopes: Sequence[str]) -> bool:
    """Note scopes that the person's next sign-in has to ask for, too. Returns `False` where the
    tokens were asked for with them, or too many were noted: then another one changes nothing."""
    new = [scope for scope in scopes if scope not in sign_in.scope.split()]
    with transaction.atomic():
        rows = ToolSignIn.objects.select_for_update(no_key=True)
        row = rows.filter(id=sign_in.id, ended_at=None).first()
        if row is None:
            return bool(new)
        more = list(dict.fromkeys([*row.oauth.get("more", ()), *new]))
        if not new or len(more) > MOST_MORE:
            return False
        row.oauth = {**row.oauth, "more": more}
        row.save(update_fields=["oauth"])
    return True


# --- Ending -----------------------------------------------------------------------------------


def end(*, user: User, server: ToolServer) -> None:
    """End a person's sign-in to a server. Its tokens are used no more; `ended` has it."""
    _end(_open(user, server))


def end_all(*, server: ToolServer) -> None:
    """End everybody's sign-in to a server."""
    _end(ToolSignIn.objects.filter(server=server, ended_at=None))


def _end(rows: QuerySet[ToolSignIn]) -> None:
    rows.update(ended_at=timezone.now(), state_hash="", pending="")


def ended() -> list[SignIn]:
    """Return sign-ins that are to be revoked and deleted, each to one caller: those that were
    ended, and those of accounts and servers that are gone or closed."""
    over = Q(ended_at__isnull=False) | Q(user=None) | Q(server=None) | Q(user__is_active=False)
    found: list[SignIn] = []
    rows = ToolSignIn.objects.filter(over).select_related("server").order_by("tries", "created_at")
    for row in rows[:MOST_ENDED]:
        if row.tries and row.renewing_at and row.renewing_at + _wait(row) > timezone.now():
            continue
        mine = ToolSignIn.objects.filter(id=row.id, tries=row.tries)
        ended_at = row.ended_at or timezone.now()
        if row.tries >= MOST_TRIES or not (row.client or row.tokens):
            mine.delete()
        elif mine.update(tries=F("tries") + 1, ended_at=ended_at, renewing_at=timezone.now()):
            found.append(_read(row))
    return found


def _wait(row: ToolSignIn) -> timedelta:
    return FIRST_WAIT * (1 << 2 * row.tries)


def delete(*, sign_in: SignIn) -> None:
    """Delete a sign-in that was revoked."""
    ToolSignIn.objects.filter(id=sign_in.id, ended_at__isnull=False).delete()


# --- Secrets ----------------------------------------------------------------------------------


def _read(row: ToolSignIn) -> SignIn:
    early = timezone.now() + EARLY
    return SignIn(
        row.id,
        row.server,
        row.oauth,
        _object(row.client),
        _object(row.tokens),
        row.version,
        is_fresh=row.expires_at is None or row.expires_at > early,
    )


def _sealed(value: Mapping[str, Any]) -> str:
    return encrypt(orjson.dumps(dict(value)).decode())


def _object(stored: str) -> dict[str, Any]:
    """What `_sealed` was given; nothing where the key is not known any more."""
    try:
        text = decrypt(stored)
    except SecretUnreadable:
        return {}
    value: dict[str, Any] = orjson.loads(text) if text else {}
    return value


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogateescape")).hexdigest()
