"""Reads the text of a document, with a mark before each page, sheet or slide.

Text that could be read only in part is not taken at all: nothing is cut without a word.
"""

import codecs
import re
import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from conversations.files import word
from conversations.files.ooxml import row
from conversations.files.unreadable import DAMAGED, Unreadable

MOST_PAGES: Final = 200
MOST_TEXT: Final = 2_000_000  # characters
# Of an office document, which is a zip: bytes unpacked, and members.
MOST_UNPACKED: Final = 200_000_000
MOST_MEMBERS: Final = 10_000

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
# The folder in the zip that tells them apart.
_OFFICE: Final = {"word/": DOCX, "xl/": XLSX, "ppt/": PPTX}

# Encodings of texts: the one where there is little to go by, and those that are looked for in the
# first bytes.
WESTERN: Final = "cp1252"
_SCRIPTS: Final = (
    *("gb18030", "big5", "cp932", "euc_jp", "cp949"),
    *("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256"),
)
_GUESSED_BY: Final = 100_000
_ENOUGH: Final = 4

# What stands for a page between others that have text.
PICTURE_PAGE: Final = "(no text: the page is a picture)"
LOCKED = Unreadable("password", "The document is protected by a password.")
EMPTY = Unreadable("empty", "The document has no text.")
SCANNED = Unreadable(
    "no_text", "The PDF has no text: its pages are pictures. Send the pages as images."
)
TOO_MANY_PAGES = Unreadable("too_many_pages", f"The document has more than {MOST_PAGES} pages.")
TOO_LONG = Unreadable(
    "too_much_text", f"The document has more than {MOST_TEXT:,} characters of text."
)
UNPACKS_TOO_LARGE = Unreadable("too_large", "The document is too large when it is unpacked.")
NOT_OFFICE = Unreadable("unsupported_file", "This archive is not a DOCX, XLSX or PPTX document.")


def read(folder: Path, media_type: str) -> dict[str, Any]:
    """Write the text of `upload` to `text`, and return its columns. Raises `Unreadable`."""
    source = folder / "upload"
    if media_type == "application/zip":
        media_type = _office_type(source)
    readers = {"application/pdf": _pdf, DOCX: word.read, XLSX: _xlsx, PPTX: _pptx}
    text = _join(readers.get(media_type, _plain)(source))
    (folder / "text").write_text(text)
    return {"media_type": media_type, "tokens": max(1, len(text.encode()) // 4)}


def _join(pieces: Iterable[str]) -> str:
    """Join lines into a text that can be stored. Raises `Unreadable` for too much or nothing."""
    found, length = [], 0
    for piece in pieces:
        length += len(piece) + 1
        if length > MOST_TEXT:
            raise TOO_LONG
        found.append(piece)
    text = "\n".join(found).replace("\r\n", "\n").replace("\0", "\ufffd")
    text = text.encode("utf-8", "replace").decode()  # a PDF may have lone surrogates
    if not text.strip():
        raise EMPTY
    return text


def _plain(source: Path) -> Iterator[str]:
    data = source.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield data.decode("utf-16", "replace")
        return
    try:
        yield data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"\0" in data:
            raise DAMAGED from None
        yield data.decode(_guessed_encoding(data), "replace")


def _guessed_encoding(data: bytes) -> str:
    """The encoding of a text that is no UTF-8.

    Letters with accents stand between plain ones, and guesses about so few are worth nothing. Text
    in another script has its bytes above 127 side by side.
    """
    start = data[:_GUESSED_BY]
    alone = len(re.findall(rb"(?<![\x80-\xff])[\x80\xa1-\xff](?![\x80-\xff])", start))
    others = len(re.findall(rb"[\x80-\xff]", start))
    if others < _ENOUGH or 2 * alone > others:
        return WESTERN
    from charset_normalizer import from_bytes

    best = from_bytes(start, cp_isolation=list(_SCRIPTS)).best()
    return best.encoding if best else WESTERN


def _pdf(source: Path) -> Iterator[str]:
    from pypdf import PdfReader

    reader = PdfReader(source)
    if reader.is_encrypted and not reader.decrypt(""):
        raise LOCKED
    if len(reader.pages) > MOST_PAGES:
        raise TOO_MANY_PAGES
    texts = [page.extract_text().strip() for page in reader.pages]
    fields = {name: text for name, text in reader.get_form_text_fields().items() if text}
    if not any(texts) and not fields:
        raise SCANNED if any(page.images for page in reader.pages) else EMPTY
    for number, (text, page) in enumerate(zip(texts, reader.pages, strict=True), 1):
        yield from (f"[Page {number}]", text or (PICTURE_PAGE if page.images else ""), "")
    # What was filled in stands in no page.
    if fields:
        yield from ("[Form]", *(f"{name}: {text}" for name, text in fields.items()), "")


# --- Office -----------------------------------------------------------------------------------


def _office_type(source: Path) -> str:
    """Which office document a zip is. Raises `Unreadable` for another, and for one that would
    fill the memory."""
    with zipfile.ZipFile(source) as archive:
        members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED:
        raise UNPACKS_TOO_LARGE
    names = {member.filename for member in members}
    for folder, media_type in _OFFICE.items():
        if "[Content_Types].xml" in names and any(name.startswith(folder) for name in names):
            return media_type
    raise NOT_OFFICE


def _xlsx(source: Path) -> Iterator[str]:
    # Programs that compute nothing store formulas without their results.
    workbook, formulas = _workbook(source, data_only=True), _workbook(source, data_only=False)
    if len(workbook.worksheets) > MOST_PAGES:
        raise TOO_MANY_PAGES
    filled = False
    for sheet, unsolved in zip(workbook.worksheets, formulas.worksheets, strict=True):
        for one in (sheet, unsolved):
            one.reset_dimensions()  # some say that they have a million rows
        both = (one.iter_rows(values_only=True) for one in (sheet, unsolved))
        rows = [line for pair in zip(*both, strict=True) if (line := _cells(*pair))]
        filled = filled or bool(rows)
        yield f"[Sheet {sheet.title}]"
        yield from rows or ["(empty)"]
        yield ""
    if not filled:
        raise EMPTY


def _workbook(source: Path, *, data_only: bool) -> Any:
    from openpyxl import load_workbook

    # By a file, not a name: it goes by the ends of names.
    return load_workbook(BytesIO(source.read_bytes()), read_only=True, data_only=data_only)


def _cells(values: Iterable[object], formulas: Iterable[object]) -> str:
    pairs = zip(values, formulas, strict=True)
    known = (value if value is not None else formula for value, formula in pairs)
    cells = ["" if value is None else str(value) for value in known]
    return row(cells).rstrip(" |") if any(cells) else ""


def _pptx(source: Path) -> Iterator[str]:
    from conversations.files import slides

    found = slides.read(source)
    if len(found) > MOST_PAGES:
        raise TOO_MANY_PAGES
    if not any(found):
        raise EMPTY
    for number, lines in enumerate(found, 1):
        yield from (f"[Slide {number}]", *lines, "")
