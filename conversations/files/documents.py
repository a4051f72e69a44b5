"""Reads the text of a document, with a mark before each page, sheet or slide.

Text that could be read only in part is not taken at all: nothing is cut without a word.
"""

import codecs
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Final

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
NOT_OFFICE = Unreadable("unsupported_file", "This archive is no DOCX, XLSX or PPTX document.")


def read(folder: Path, media_type: str) -> dict[str, Any]:
    """Write the text of `upload` to `text`, and return its columns. Raises `Unreadable`."""
    source = folder / "upload"
    if media_type == "application/zip":
        media_type = _office_type(source)
    readers = {"application/pdf": _pdf, DOCX: _docx, XLSX: _xlsx, PPTX: _pptx}
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
        yield data.decode("cp1252", "replace")


def _pdf(source: Path) -> Iterator[str]:
    from pypdf import PdfReader

    reader = PdfReader(source)
    if reader.is_encrypted and not reader.decrypt(""):
        raise LOCKED
    if len(reader.pages) > MOST_PAGES:
        raise TOO_MANY_PAGES
    texts = [page.extract_text() for page in reader.pages]
    if not any(text.strip() for text in texts):
        raise SCANNED if any(page.images for page in reader.pages) else EMPTY
    for number, text in enumerate(texts, 1):
        yield from (f"[Page {number}]", text.strip(), "")


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


def _docx(source: Path) -> Iterator[str]:
    from docx import Document
    from docx.table import Table

    for block in Document(str(source)).iter_inner_content():
        if isinstance(block, Table):
            yield from (_row(cell.text for cell in row.cells) for row in block.rows)
            yield ""
        elif block.text:
            style = block.style.name if block.style else ""
            level = style.removeprefix("Heading ") if style else ""
            yield f"{'#' * int(level)} {block.text}" if level.isdigit() else block.text
            yield ""


def _xlsx(source: Path) -> Iterator[str]:
    from openpyxl import load_workbook

    # By a file, not a name: it goes by the ends of names.
    workbook = load_workbook(BytesIO(source.read_bytes()), read_only=True, data_only=True)
    if len(workbook.worksheets) > MOST_PAGES:
        raise TOO_MANY_PAGES
    filled = False
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # some say that they have a million rows
        rows = [row for values in sheet.iter_rows(values_only=True) if (row := _cells(values))]
        filled = filled or bool(rows)
        yield f"[Sheet {sheet.title}]"
        yield from rows or ["(empty)"]
        yield ""
    if not filled:
        raise EMPTY


def _cells(values: Iterable[object]) -> str:
    cells = ["" if value is None else str(value) for value in values]
    return _row(cells).rstrip(" |") if any(cells) else ""


def _row(cells: Iterable[str]) -> str:
    return " | ".join(" ".join(cell.split()) for cell in cells)


def _pptx(source: Path) -> Iterator[str]:
    from pptx import Presentation

    slides = list(Presentation(str(source)).slides)
    if len(slides) > MOST_PAGES:
        raise TOO_MANY_PAGES
    texts = [[text for shape in slide.shapes for text in _shape(shape)] for slide in slides]
    for slide, lines in zip(slides, texts, strict=True):
        if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame):
            lines += [f"Notes: {frame.text}"] if frame.text.strip() else []
    if not any(texts):
        raise EMPTY
    for number, lines in enumerate(texts, 1):
        yield from (f"[Slide {number}]", *lines, "")


def _shape(shape: Any) -> Iterator[str]:
    """The texts of a shape, and of those that it groups."""
    if shape.has_text_frame and shape.text_frame.text.strip():
        yield shape.text_frame.text
    elif getattr(shape, "has_table", False) and shape.has_table:
        yield from (_row(cell.text for cell in row.cells) for row in shape.table.rows)
    elif getattr(shape, "has_chart", False) and shape.has_chart:
        yield from _chart(shape.chart)
    for part in getattr(shape, "shapes", ()):
        yield from _shape(part)


def _chart(chart: Any) -> Iterator[str]:
    """A chart as a table: its title, its categories, and a row for each series."""
    # A kind of chart that the library does not know.
    with suppress(ValueError, NotImplementedError, AttributeError):
        if chart.has_title and chart.chart_title.has_text_frame:
            yield f"Chart: {chart.chart_title.text_frame.text}"
        for plot in chart.plots:
            yield _row(["Series", *(str(category) for category in plot.categories)])
            for series in plot.series:
                values = ("" if value is None else f"{value:g}" for value in series.values)
                yield _row([series.name, *values])
