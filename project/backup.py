"""The whole record as one file, which any of the databases can take in again.

The file is a zip: for each table one member with a JSON object a line, and `manifest.json` with the
rows and the SHA-256 of each. People's files are members of their own (`backup_files`). Sessions are
not part of it (people sign in again), nor the subscriptions of browsers, which end with them, nor
the index of words, which is made from the rows. Secrets that the server keeps for others
(`conversations.secrets`) are left out unless they are asked for, and are then still encrypted. Both
ways are streams: a few rows are in memory at a time.
"""

import hashlib
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder

from conversations.models import PushSubscription, SearchEntry
from conversations.secrets import SecretField
from conversations.threads import storage
from project import backup_files
from project.backup_files import Manifest

FORMAT = 1
MANIFEST = "manifest.json"
APP = "conversations"
# Rows, and characters of them, that are in memory at a time.
CHUNK_ROWS = 200
CHUNK_SIZE = 4_000_000
# Bytes of one row, of the manifest, and of all rows of a backup. What is larger, or is packed so
# much more densely than texts are, was not made by `backup`.
MOST_ROW = 100_000_000
MOST_MANIFEST = 1_000_000
MOST = 100_000_000_000
MOST_RATIO = 200
SMALL = 100_000_000  # of which the ratio is not looked at


class BackupError(Exception):
    """The backup cannot be made or taken in, and why, in a sentence."""


def tables() -> list[type[models.Model]]:
    """Return the tables of a backup, in the order in which they are written."""
    models = apps.get_app_config(APP).get_models()
    return [model for model in models if model not in (PushSubscription, SearchEntry)]


# --- Out --------------------------------------------------------------------------------------


def write(path: Path, *, with_secrets: bool = False) -> Manifest:
    """Write the record as it is at this moment, while the server goes on, and give the manifest.

    The file appears under its name when it is complete; only its owner can read it.

    Raises:
        BackupError: there is such a file, or it cannot be written.
    """
    if path.exists():
        raise BackupError(f"{path} already exists. Choose another file.")
    # A new name each time: nobody else can have put a file or a link there.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, _one_moment():
                manifest = _write_tables(archive, with_secrets)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails when another made it meanwhile
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def stream(file: BinaryIO, *, with_secrets: bool = False) -> Manifest:
    """Write the record as `write` does to a pipe, which need not be seekable.

    Raises:
        BackupError: it does not take all of it.
    """
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, _one_moment():
            manifest = _write_tables(archive, with_secrets)
        file.flush()
    except OSError as error:
        raise BackupError(f"The backup cannot be written: {error.strerror}.") from error
    return manifest


@contextmanager
def _one_moment() -> Iterator[None]:
    """Every query inside sees the same state; writers are not held up."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # Django's own would keep writers out
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _write_tables(archive: zipfile.ZipFile, with_secrets: bool) -> Manifest:
    manifest: Manifest = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "migration": _last_migration(),
        "tables": {},
    }
    for model in tables():
        digest, rows = hashlib.sha256(), 0
        with archive.open(_member(model), "w", force_zip64=True) as member:
            for line in _lines(model, with_secrets):
                member.write(line)
                digest.update(line)
                rows += 1
        manifest["tables"][model.__name__] = {"rows": rows, "sha256": digest.hexdigest()}
    manifest["files"] = backup_files.write(archive)
    archive.writestr(MANIFEST, json.dumps(manifest, indent=2))
    return manifest


def _lines(model: type[models.Model], with_secrets: bool) -> Iterator[bytes]:
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    left_out = {f.attname: "" for f in fields if isinstance(f, SecretField) and not with_secrets}
    rows = model._default_manager.order_by("pk").values_list(*names)
    for row in rows.iterator(chunk_size=CHUNK_ROWS):
        values = {**dict(zip(names, row, strict=True)), **left_out}
        # Sorted: PostgreSQL keeps objects, but not the order of their keys.
        line = json.dumps(values, default=_plain, ensure_ascii=False, sort_keys=True)
        yield line.encode() + b"\n"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _member(model: type[models.Model]) -> str:
    return f"{model.__name__}.jsonl"


def _last_migration() -> str:
    applied = MigrationRecorder(connection).migration_qs.filter(app=APP)
    return str(applied.order_by("name").values_list("name", flat=True).last())


# --- In ---------------------------------------------------------------------------------------


def read(source: Path | BinaryIO) -> Manifest:
    """Take a backup, from a file or a seekable stream, into the database, which has tables and no
    rows; all of it or nothing.

    Raises:
        BackupError: it is no backup, damaged, of a newer version, or the database is not empty.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = verify(archive)
            with transaction.atomic():
                _check_empty()
                for model in tables():
                    _read_table(archive, model, manifest["tables"].get(model.__name__))
                _continue_numbers()
                storage.count_all()
                backup_files.read(archive, manifest)
    except (OSError, zipfile.LargeZipFile, *_BROKEN) as error:
        name = source if isinstance(source, Path) else "Standard input"
        raise BackupError(f"{name} cannot be read: {error}.") from error
    return manifest


# What reading a zip raises, when it was damaged, or made to do harm.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


def _check_size(archive: zipfile.ZipFile) -> None:
    """Refuse what would fill the disk, or is there to do so."""
    members = archive.infolist()
    packed = sum(member.compress_size for member in members)
    size = sum(member.file_size for member in members)
    if size > MOST or (size > SMALL and size > MOST_RATIO * packed):
        raise BackupError(
            f"The backup is refused: {size / 1e6:,.0f} MB in {packed / 1e6:,.0f} MB is more than "
            "a backup contains."
        )
    for member in members:
        if member.filename == MANIFEST and member.file_size > MOST_MANIFEST:
            raise BackupError("The backup is refused: its manifest is too long.")


def _rows(member: IO[bytes]) -> Iterator[bytes]:
    """The lines of a table. Raises `BackupError` for one that is longer than any row."""
    while line := member.readline(MOST_ROW + 1):
        if len(line) > MOST_ROW:
            raise BackupError("The backup is refused: one of its rows is too long.")
        yield line


def verify(archive: zipfile.ZipFile) -> Manifest:
    """The manifest, when every member is what it says. Raises `BackupError`."""
    _check_size(archive)
    try:
        manifest: Manifest = json.loads(archive.read(MANIFEST))
        listed: dict[str, Any] = manifest["tables"]
        version = manifest["format"]
        figures = {
            name: (expected["rows"], expected["sha256"]) for name, expected in listed.items()
        }
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        raise BackupError("This file is not a backup: it has no manifest.") from None
    known = {model.__name__ for model in tables()}
    if version != FORMAT or set(listed) - known:
        raise BackupError("This backup was made by a newer version. Update first.")
    for name, expected in figures.items():
        digest, rows = hashlib.sha256(), 0
        try:
            with archive.open(f"{name}.jsonl") as member:
                for line in _rows(member):
                    digest.update(line)
                    rows += 1
        except (KeyError, *_BROKEN):
            raise BackupError(f"The backup is damaged: {name} cannot be read.") from None
        if (rows, digest.hexdigest()) != expected:
            raise BackupError(f"The backup is damaged: {name} is not what the manifest says.")
    try:
        backup_files.verify(archive, manifest)
    except (KeyError, TypeError, ValueError, *_BROKEN):
        raise BackupError("The backup is damaged: a file is not what the manifest says.") from None
    return manifest


def _check_empty() -> None:
    for model in tables():
        if model._default_manager.exists():
            raise BackupError(
                f"The database is not empty: it has rows of {model._meta.verbose_name_plural}. "
                "Restore into a new one."
            )


def _read_table(archive: zipfile.ZipFile, model: type[models.Model], expected: Any) -> None:
    if expected is None:
        return  # made by a version that did not have it yet
    with archive.open(_member(model)) as member:
        rows, size = [], 0
        for line in _rows(member):
            rows.append(_row(model, line))
            size += len(line)
            if len(rows) == CHUNK_ROWS or size >= CHUNK_SIZE:
                _insert(model, rows)
                rows, size = [], 0
        _insert(model, rows)
    there = model._default_manager.count()
    if there != expected["rows"]:
        raise BackupError(
            f"{there} rows of {model.__name__} arrived instead of {expected['rows']}."
        )


def _row(model: type[models.Model], line: bytes) -> models.Model:
    """A row; columns that the backup does not have yet get their default."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    try:
        values: dict[str, Any] = dict(json.loads(line))
    except (TypeError, ValueError, RecursionError):
        raise BackupError(
            f"The backup is damaged: a row of {model.__name__} is not JSON."
        ) from None
    if unknown := set(values) - set(fields):
        raise BackupError(
            f"{model.__name__} has {min(unknown)} in this backup, which was made by a newer "
            "version. Update first."
        )
    try:
        return model(**{name: fields[name].to_python(value) for name, value in values.items()})
    except (TypeError, ValueError, ValidationError):
        raise BackupError(
            f"The backup is damaged: a row of {model.__name__} has an invalid value."
        ) from None


def _insert(model: type[models.Model], rows: list[models.Model]) -> None:
    try:
        model._default_manager.bulk_create(rows)
    except (DatabaseError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise BackupError(
            f"The database does not take a row of {model.__name__}: {first}"
        ) from None


def _continue_numbers() -> None:
    """Let numbers that the database gives out go on after those that came."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables()):
            cursor.execute(statement)
