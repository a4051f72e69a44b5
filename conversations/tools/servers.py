"""Every read and write of tool servers. Sync, keyword-only, one transaction each."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from conversations.errors import Conflict, InvalidInput, NotFound
from conversations.people.models import User
from conversations.secrets import SecretUnreadable, decrypt, encrypt
from conversations.tools import built_in, sign_ins
from conversations.tools.built_in import BUILT_IN, ToolFailed
from conversations.tools.models import State, ToolCall, ToolRule, ToolServer
from conversations.tools.offers import may_use, servers_for

MOST_SERVERS: Final = 50
# How long a list of tools is believed.
FRESH: Final = timedelta(minutes=5)
# What makes a server another one: its tools are listed anew, and nobody has allowed them.
_WHO = ("url", "auth", "header", "secret", "issuer", "client_id")

Failure = TypeVar("Failure", bound=ToolFailed)


class TooManyServers(Conflict):
    code = "too_many_tool_servers"
    message = f"There are {MOST_SERVERS} tool servers. Delete one first."


def servers() -> QuerySet[ToolServer]:
    """Return all tool servers by their names."""
    return ToolServer.objects.all()


def server(*, server_id: UUID) -> ToolServer:
    """Return a tool server. Raises `NotFound`."""
    row = ToolServer.objects.filter(id=server_id).first()
    if row is None:
        raise NotFound("Tool server not found.")
    return row


def create(*, fields: Mapping[str, Any]) -> ToolServer:
    """Add a tool server. Raises `InvalidInput` for a name that is taken, `TooManyServers`."""
    row = ToolServer()
    _set(row, fields)
    if ToolServer.objects.count() >= MOST_SERVERS:
        raise TooManyServers(
            _("There are %(most)s tool servers. Delete one first.") % {"most": MOST_SERVERS}
        )
    try:
        with transaction.atomic():
            # A server of this name that is gone may have been allowed for good.
            ToolRule.objects.filter(server=row.name).delete()
            row.save(force_insert=True)
    except IntegrityError:
        raise _taken() from None
    return row


def update(*, row: ToolServer, changes: Mapping[str, Any]) -> ToolServer:
    """Change a tool server. Raises `InvalidInput` for a name that is taken."""
    names, before = {row.name, changes.get("name", row.name)}, row.name
    # A secret that is given is taken for another one.
    same = {name: getattr(row, name) for name in _WHO if name != "secret"}
    another = any(name in changes and changes[name] != same.get(name) for name in _WHO)
    _set(row, changes)
    try:
        with transaction.atomic():
            if another or len(names) > 1:
                ToolRule.objects.filter(server__in=names).delete()
            if another:
                sign_ins.end_all(server=row)
                row.tools, row.tools_at, row.health = [], None, None
            if not row.signs_in or row.name != before:
                _ask_instead(before)
            row.save()
    except IntegrityError:
        raise _taken() from None
    return row


def delete(*, row: ToolServer) -> None:
    """Delete a tool server, what people have allowed of it, and their sign-ins."""
    with transaction.atomic():
        ToolRule.objects.filter(server=row.name).delete()
        sign_ins.end_all(server=row)
        _ask_instead(row.name)
        row.delete()


def _ask_instead(server: str) -> None:
    """Ask about the calls that wait for a sign-in to a server where nobody can sign in any more."""
    rows = ToolCall.objects.filter(server=server, state=State.NEEDS_SIGN_IN)
    rows.update(state=State.ASKED)


def _set(row: ToolServer, fields: Mapping[str, Any]) -> None:
    if (fields.get("auth", row.auth) == ToolServer.Auth.OAUTH) != row.signs_in:
        row.secret = ""  # a client's secret is no token, and a token no client's secret
    for name, value in fields.items():
        setattr(row, name, encrypt(value) if name == "secret" else value)
    needs = {"bearer": ("secret",), "header": ("header", "secret")}.get(row.auth, ())
    for name in needs:
        if not getattr(row, name):
            raise _wrong(name, _("This field is required for this kind of authentication."))
    if row.auth == ToolServer.Auth.OAUTH:
        if row.secret and not row.client_id:
            raise _wrong("client_id", _("The secret of a client needs its id."))
        # Else a tool server could name an OAuth server of its own, and be told the secret.
        if row.client_id and not row.issuer:
            raise _wrong("issuer", _("A client needs the OAuth server at which it is registered."))
    if row.name in {BUILT_IN, *built_in.TOOLS}:
        raise _taken()


def _taken() -> InvalidInput:
    return _wrong("name", _("A tool server with this name already exists."))


def _wrong(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(f"{name}: {sentence}", fields={name: [sentence]})


def headers(row: ToolServer) -> dict[str, str]:
    """Return the headers with which the server is asked. Raises `ToolFailed`."""
    try:
        secret = decrypt(row.secret)
    except SecretUnreadable:
        raise secret_unreadable(ToolFailed, row) from None
    match row.auth:
        case ToolServer.Auth.BEARER:
            return {"Authorization": f"Bearer {secret}"}
        case ToolServer.Auth.HEADER:
            return {row.header: secret}
    return {}


def secret_unreadable(kind: type[Failure], row: ToolServer) -> Failure:
    """Return the error for a secret whose key is not known any more."""
    template = _noop("The secret of the tool server %(name)s cannot be read: enter it again.")
    return kind(template, code="secret_unreadable", name=row.name)


def keep_list(
    *,
    row: ToolServer,
    tools: Sequence[Mapping[str, Any]] | None,
    message: str,
    error: ToolFailed | None = None,
) -> None:
    """Store what a try has found: the tools, or `None` and the error where there was no answer.
    Then the last list is believed."""
    changes: dict[str, Any] = {
        "tools_at": timezone.now(),
        "health": {
            "ok": tools is not None,
            "message": message,
            "checked_at": timezone.now().isoformat().replace("+00:00", "Z"),
            "code": error.code if error else "answers",
            # For the pages, which say it in other languages.
            "template": error.template if error else "",
            "values": error.values if error else {},
        },
    }
    if tools is not None:
        changes["tools"] = list(tools)
    # Not where the server was changed meanwhile.
    same = {name: getattr(row, name) for name in _WHO}
    ToolServer.objects.filter(id=row.id, **same).update(**changes)


def stale(*, user: User, names: Sequence[str]) -> list[ToolServer]:
    """Return those of the servers that a conversation names, and the user may use, whose list is
    old."""
    wanted = {name.partition("/")[0] for name in names}
    if wanted <= {BUILT_IN, *built_in.TOOLS}:
        return []
    old = Q(tools_at=None) | Q(tools_at__lt=timezone.now() - FRESH)
    ids = set(ToolServer.objects.filter(old, name__in=wanted).values_list("id", flat=True))
    rows = [row for row in servers_for(user=user, names=wanted) if row.id in ids]
    # Nobody is asked to sign in for a list.
    signed_in = sign_ins.signed_in(user=user, servers=[row.name for row in rows if row.signs_in])
    return [row for row in rows if not row.signs_in or row.name in signed_in]


def for_person(*, user: User, server_id: UUID) -> ToolServer:
    """Return a tool server that the user may use. Raises `NotFound`."""
    row = ToolServer.objects.filter(id=server_id).first()
    if row is None or not may_use(user, row):
        raise NotFound("Tool server not found.")
    return row


def for_call(*, user: User, name: str) -> ToolServer:
    """Return the server of a call that the user may make. Raises `ToolFailed`."""
    row = next(iter(servers_for(user=user, names=[name])), None)
    if row is None:
        raise ToolFailed(_noop("There is no tool server %(name)s any more."), name=name)
    return row
