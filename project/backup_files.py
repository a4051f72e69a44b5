"""People's files in a backup: a member `files/…` for each, and a list of them with their SHA-256,
whose own SHA-256 is in the manifest."""

import hashlib
import zipfile
from collections.abc import Iterator
from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage

from conversations.files.models import FileContent

FOLDER = "files/"
LIST = "files.sha256"
PIECE = 1_000_000  # bytes in memory at a time
MOST_LINE = 1000  # bytes of a line of the list

Manifest = dict[str, Any]


def write(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Write all files and their list, and return what the manifest says of the list. A file that
    is deleted meanwhile is left out. Raises `OSError`."""
    lines = [
        f"{_write(archive, name)}  {name}\n" for name in _names() if default_storage.exists(name)
    ]
    data = "".join(lines).encode()
    archive.writestr(LIST, data)
    return {"count": len(lines), "sha256": hashlib.sha256(data).hexdigest()}


def _write(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    info = zipfile.ZipInfo(FOLDER + name)  # stored as it is: images do not get smaller
    with default_storage.open(name) as file, archive.open(info, "w", force_zip64=True) as member:
        while piece := file.read(PIECE):
            member.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def _names() -> Iterator[str]:
    """Return the names in the storage that contents on record may have."""
    rows = FileContent.objects.order_by("pk").only("owner_id")
    for content in rows.iterator(chunk_size=1000):
        yield from (content.path, content.image_path, content.thumb_path)


def _listed(archive: zipfile.ZipFile) -> Iterator[tuple[str, str, bytes]]:
    """The name and the SHA-256 of each file, and the line. Raises `ValueError` for another one."""
    with archive.open(LIST) as member:
        while line := member.readline(MOST_LINE):
            sha256, name = line.decode().rstrip("\n").split("  ", 1)
            yield name, sha256, line


def verify(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Return when every file is what the manifest says. Raises `ValueError` for one that is not,
    and `KeyError` for one that is not there."""
    if "files" not in manifest:
        return  # made by a version that did not have any yet
    digest = hashlib.sha256()
    for name, sha256, line in _listed(archive):
        digest.update(line)
        with archive.open(FOLDER + name) as member:
            if hashlib.file_digest(member, "sha256").hexdigest() != sha256:  # type: ignore[arg-type]
                raise ValueError
    if digest.hexdigest() != manifest["files"]["sha256"]:
        raise ValueError


def read(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Store the files of a backup that belong to its rows. Raises `OSError`."""
    if "files" not in manifest:
        return
    listed = {name for name, _, _ in _listed(archive)}
    for name in _names():
        if name in listed:
            with archive.open(FOLDER + name) as member:
                default_storage.save(name, File(member))
