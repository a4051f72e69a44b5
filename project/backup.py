"""The whole record as one file, which any of the databases can take in again.

The file is a zip: for each table one member with a JSON object a line, and `manifest.json` with the
rows and the SHA-256 of each. Sessions are not part of it (people sign in again), nor what SQLite
and PostgreSQL make themselves of the rows, such as the index of words. Both ways are streams: a
few rows are in memory at a time.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.apps import apps
from django.core.management.color import no_style
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder

FORMAT = 1
MANIFEST = "manifest.json"
APP = "conversations"
# Rows, and characters of them, that are in memory at a time.
CHUNK_ROWS = 200
CHUNK_SIZE = 4_000_000

Manifest = dict[str, Any]


class BackupError(Exception):
    """The backup cannot be made or taken in, and why, in a sentence."""


def tables() -> list[type[models.Model]]:
    """What is kept, in the order in which it is written."""
    return list(apps.get_app_config(APP).get_models())


# --- Out --------------------------------------------------------------------------------------


def write(path: Path) -> Manifest:
    """Write the record as it is at this moment, while the server goes on, and give the manifest.

    The file appears under its name when it is complete; only its owner can read it.

    Raises:
        BackupError: there is such a file, or it cannot be written.
    """
    if path.exists():
        raise BackupError(f"{path} is there already; name a new file.")
    draft = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, _one_moment():
                manifest = _write_tables(archive)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails when another made it meanwhile
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def stream(file: BinaryIO) -> Manifest:
    """Write the record as `write` does to a pipe, which need not be seekable.

    Raises:
        BackupError: it does not take all of it.
    """
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, _one_moment():
            manifest = _write_tables(archive)
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


def _write_tables(archive: zipfile.ZipFile) -> Manifest:
    manifest: Manifest = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "migration": _last_migration(),
        "tables": {},
    }
    for model in tables():
        digest, rows = hashlib.sha256(), 0
        with archive.open(_member(model), "w", force_zip64=True) as member:
            for line in _lines(model):
                member.write(line)
                digest.update(line)
                rows += 1
        manifest["tables"][model.__name__] = {"rows": rows, "sha256": digest.hexdigest()}
    archive.writestr(MANIFEST, json.dumps(manifest, indent=2))
    return manifest


def _lines(model: type[models.Model]) -> Iterator[bytes]:
    names = [field.attname for field in model._meta.concrete_fields]
    found = model._default_manager.order_by("pk").values_list(*names)
    for row in found.iterator(chunk_size=CHUNK_ROWS):
        values = dict(zip(names, row, strict=True))
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
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile) as error:
        name = source if isinstance(source, Path) else "Standard input"
        raise BackupError(f"{name} cannot be read: {error}.") from error
    return manifest


def verify(archive: zipfile.ZipFile) -> Manifest:
    """The manifest, when every member is what it says. Raises `BackupError`."""
    try:
        manifest: Manifest = json.loads(archive.read(MANIFEST))
        listed: dict[str, Any] = manifest["tables"]
        version = manifest["format"]
    except (KeyError, TypeError, ValueError):
        raise BackupError("This is no backup of ours: it has no manifest.") from None
    known = {model.__name__ for model in tables()}
    if version != FORMAT or set(listed) - known:
        raise BackupError("This backup was made by a newer version. Update first.")
    for name, told in listed.items():
        digest, rows = hashlib.sha256(), 0
        try:
            with archive.open(f"{name}.jsonl") as member:
                for line in member:
                    digest.update(line)
                    rows += 1
        except (KeyError, zipfile.BadZipFile):
            raise BackupError(f"The backup is damaged: {name} cannot be read.") from None
        if (rows, digest.hexdigest()) != (told["rows"], told["sha256"]):
            raise BackupError(f"The backup is damaged: {name} is not what the manifest says.")
    return manifest


def _check_empty() -> None:
    for model in tables():
        if model._default_manager.exists():
            raise BackupError(
                f"The database is not empty: it has rows of {model._meta.verbose_name_plural}. "
                "Restore into a new one."
            )


def _read_table(archive: zipfile.ZipFile, model: type[models.Model], told: Any) -> None:
    if told is None:
        return  # made by a version that did not have it yet
    with archive.open(_member(model)) as member:
        rows, size = [], 0
        for line in member:
            rows.append(_row(model, json.loads(line)))
            size += len(line)
            if len(rows) == CHUNK_ROWS or size >= CHUNK_SIZE:
                _insert(model, rows)
                rows, size = [], 0
        _insert(model, rows)
    there = model._default_manager.count()
    if there != told["rows"]:
        raise BackupError(f"{there} rows of {model.__name__} arrived instead of {told['rows']}.")


def _row(model: type[models.Model], values: dict[str, Any]) -> models.Model:
    """A row; columns that the backup does not have yet get their default."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    if unknown := set(values) - set(fields):
        raise BackupError(
            f"{model.__name__} has {min(unknown)} in this backup, which was made by a newer "
            "version. Update first."
        )
    return model(**{name: fields[name].to_python(value) for name, value in values.items()})


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
