"""Small files of every kind, made by the libraries that people's programs use."""

import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image


def image(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """An image: red on the left, blue on the right."""
    picture = Image.new(options.pop("mode", "RGB"), size, "blue")
    picture.paste("red", (0, 0, size[0] // 2, size[1]))
    return saved(picture, kind, **options)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def photo() -> bytes:
    """A JPEG as a phone makes it: lying on its side, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned to the right
    exif[0x010E] = "secret place"
    return image("JPEG", (3000, 2000), exif=exif)


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that says it has 900 megapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def polyglot() -> bytes:
    """A GIF that is a page with a script as well."""
    return image("GIF") + b"<script>alert(document.domain)</script>"


def docx(*paragraphs: str) -> bytes:
    from docx import Document

    document = Document()
    document.add_heading("Report", 1)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    table = document.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "left", "right"
    return _written(document.save)


def xlsx(**sheets: list[list[object]]) -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.remove(workbook.active)
    for title, rows in (sheets or {"Empty": []}).items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return _written(workbook.save)


def pptx(*titles: str, chart: dict[str, float] | None = None) -> bytes:
    """A slide for each title; the last with a chart of these values, where there are any."""
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    presentation = Presentation()
    for title in titles:
        slide = presentation.slides.add_slide(presentation.slide_layouts[0])
        slide.shapes.title.text = title
    if chart:
        data = CategoryChartData()
        data.categories = [*chart]
        data.add_series("Boats", [*chart.values()])
        kind = XL_CHART_TYPE.COLUMN_CLUSTERED
        slide.shapes.add_chart(kind, 0, 0, Inches(4), Inches(3), data)
    return _written(presentation.save)


def pdf(*pages: str, password: str = "", scanned: bool = False) -> bytes:
    """A PDF with a line on each page; or, `scanned`, with a picture on it."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    if scanned:
        return saved(Image.new("RGB", (60, 80), "white"), "PDF")
    writer = PdfWriter()
    for text in pages:
        page = writer.add_blank_page(300, 200)
        name = NameObject
        font = {name("/Type"): name("/Font"), name("/Subtype"): name("/Type1")}
        font[name("/BaseFont")] = name("/Helvetica")
        fonts = DictionaryObject({name("/F1"): DictionaryObject(font)})
        page[name("/Resources")] = DictionaryObject({name("/Font"): fonts})
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode())
        page[name("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password)
    data = _written(writer.write)
    PdfReader(io.BytesIO(data))
    return data


def archive(members: dict[str, bytes]) -> bytes:
    """A zip, as hostile as its members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return file.getvalue()


def _written(write: Any) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()
