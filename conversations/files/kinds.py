"""Recognises the kind of a file by its first bytes, and the kind of a text by its name."""

import codecs
from pathlib import PurePath
from typing import Final

from conversations.files.errors import UnsupportedFile

# How many bytes have to be looked at.
HEAD: Final = 4096

TEXT: Final = "text/plain"
# What texts are called by the ends of their names; all others are plain.
TEXT_TYPES: Final = {
    ".csv": "text/csv",
    ".htm": "text/html",
    ".html": "text/html",
    ".json": "application/json",
    ".markdown": "text/markdown",
    ".md": "text/markdown",
}
_HEIC: Final = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_SIGNS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    # Which of the office formats it is, the reader tells.
    (b"PK\x03\x04", "application/zip"),
)
# Documents that look like texts: what they say is lost among what they are written in.
_MARKUP: Final = (b"{\\rtf", b"%!PS")
_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Control characters that no text has.
_BINARY: Final = bytes({*range(32)} - {*b"\t\n\r\f\x1b\b"})


def media_type(head: bytes, name: str) -> str:
    """Return the media type of a file that begins with `head`.

    Raises:
        UnsupportedFile: it is none that can be read.
    """
    for sign, kind in _SIGNS:
        if head.startswith(sign):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        return "image/heic"
    if head.startswith(_MARKUP):
        raise UnsupportedFile(fields={"file": [UnsupportedFile.message]})
    if head.startswith(_MARKS) or head == head.translate(None, _BINARY):
        return TEXT_TYPES.get(PurePath(name).suffix.lower(), TEXT)
    raise UnsupportedFile(fields={"file": [UnsupportedFile.message]})
