"""Every read and write of connections. Sync, keyword-only, one transaction each."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from conversations.connections.models import Connection, ModelDefaults
from conversations.errors import Conflict, InvalidInput, NotFound
from conversations.secrets import SecretUnreadable, decrypt, encrypt

# Of one installation: every list of models asks all of them.
MOST_CONNECTIONS = 50


class TooManyConnections(Conflict):
    code = "too_many_connections"
    message = f"There are {MOST_CONNECTIONS} connections. Delete one first."


def connections() -> QuerySet[Connection]:
    """Return all connections, oldest first."""
    return Connection.objects.all()


def connection(*, connection_id: UUID) -> Connection:
    """Return a connection. Raises `NotFound`."""
    row = Connection.objects.filter(id=connection_id).first()
    if row is None:
        raise NotFound("Connection not found.")
    return row


def create(*, fields: Mapping[str, Any]) -> Connection:
    """Add a connection. Raises `InvalidInput` for a name that is taken, `TooManyConnections`."""
    row = Connection(name=fields["name"])
    fill(row, fields)
    if Connection.objects.count() >= MOST_CONNECTIONS:
        raise TooManyConnections(
            _("There are %(most)s connections. Delete one first.") % {"most": MOST_CONNECTIONS}
        )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        sentence = _("A connection with this name already exists.")
        raise InvalidInput(f"name: {sentence}", fields={"name": [sentence]}) from None
    return row


def update(*, row: Connection, changes: Mapping[str, Any]) -> Connection:
    """Change a connection."""
    fill(row, changes)
    row.save()
    return row


def fill(row: Connection, fields: Mapping[str, Any]) -> None:
    """Set fields of a connection, which is not stored by that. Keys are encrypted."""
    for name, value in fields.items():
        match name:
            case "api_key":
                row.api_key = encrypt(value)
            case "headers":
                row.headers = encrypt(json.dumps(_merged(row, value))) if value else ""
            case _:
                setattr(row, name, value)


def _merged(row: Connection, headers: Mapping[str, str | None]) -> dict[str, str]:
    """The headers, with the stored value of each that has none."""
    stored = headers_of(row) if None in headers.values() else {}
    merged = {name: stored.get(name) if value is None else value for name, value in headers.items()}
    return {name: value for name, value in merged.items() if value is not None}


def headers_of(row: Connection) -> dict[str, str]:
    """Return the headers of a connection; none where they cannot be read any more."""
    try:
        headers: dict[str, str] = json.loads(decrypt(row.headers) or "{}")
    except SecretUnreadable:
        return {}
    return headers


def delete(*, row: Connection) -> None:
    """Delete a connection. Its chats stay, and say that it is gone."""
    row.delete()


def defaults() -> ModelDefaults:
    """Return what staff chose."""
    return ModelDefaults.objects.filter(pk=1).first() or ModelDefaults()


def choose_defaults(*, changes: Mapping[str, Any]) -> ModelDefaults:
    """Change what answers by default, and instead."""
    with transaction.atomic():
        row, _new = ModelDefaults.objects.select_for_update().get_or_create(pk=1)
        for name, value in changes.items():
            setattr(row, name, value)
        row.save()
    return row
