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


def broken_profile() -> bytes:
    """A PNG whose colour profile has a wrong checksum: browsers show it."""
    png = image("PNG")
    body = b"iCCPprofile\0\0" + zlib.compress(b"none")
    chunk = struct.pack(">I", len(body) - 4) + body + b"\0\0\0\0"
    return png[:33] + chunk + png[33:]


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


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DGM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_NAMES = f'xmlns:w="{W}" xmlns:m="{M}" xmlns:a="{A}" xmlns:p="{P}" xmlns:mc="{MC}"'
_NAMES += f' xmlns:r="{R}" xmlns:dgm="{DGM}"'


def _run(text: str) -> str:
    return f"<w:r><w:t xml:space='preserve'>{text}</w:t></w:r>"


def _fraction(over: str, under: str) -> str:
    parts = (
        f"<m:num><m:r><m:t>{over}</m:t></m:r></m:num><m:den><m:r><m:t>{under}</m:t></m:r></m:den>"
    )
    return f"<m:f>{parts}</m:f>"


def whole_docx() -> bytes:
    """What Word writes beside plain paragraphs: a list, a field to fill in, tracked changes, a
    formula, a text box (twice, for programs of different age), a reading, a picture, a table in a
    table, a header, a note and a comment."""
    from docx import Document
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from docx.oxml import parse_xml

    document = Document()
    document.add_heading("Report", 1)
    box = f"<w:txbxContent><w:p>{_run('in the box')}</w:p></w:txbxContent>"
    power = (
        "<m:sSup><m:e><m:r><m:t>mc</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    )
    kanji, reading = _run("東京"), _run("とうきょう")
    inner = f"<w:tbl><w:tr><w:tc><w:p>{_run('inner')}</w:p></w:tc></w:tr></w:tbl>"
    for block in (
        f"<w:p><w:pPr><w:numPr/></w:pPr>{_run('in a list, with a note')}"
        '<w:r><w:footnoteReference w:id="2"/></w:r></w:p>',
        f"<w:sdt><w:sdtContent><w:p>{_run('filled in')}</w:p></w:sdtContent></w:sdt>",
        f"<w:p>{_run('kept')}<w:ins>{_run(' and inserted')}</w:ins>"
        "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>",
        f"<w:p><m:oMath><m:r><m:t>E=</m:t></m:r>{power}</m:oMath>{_run(', ')}"
        f"<m:oMathPara><m:oMath>{_fraction('1', '2')}</m:oMath></m:oMathPara></w:p>",
        f"<w:p>{_run('beside a box')}<w:r><mc:AlternateContent><mc:Choice><w:drawing>{box}"
        f"</w:drawing></mc:Choice><mc:Fallback><w:pict>{box}</w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>",
        f"<w:p><w:r><w:ruby><w:rt>{reading}</w:rt><w:rubyBase>{kanji}</w:rubyBase></w:ruby></w:r>"
        f'{_run(" ")}<w:r><w:drawing><a:docPr descr="a boat"/></w:drawing></w:r></w:p>',
        f"<w:tbl><w:tr><w:tc><w:p>{_run('outer')}</w:p>{inner}</w:tc>"
        f"<w:sdt><w:sdtContent><w:tc><w:p>{_run('right')}</w:p></w:tc></w:sdtContent></w:sdt>"
        "</w:tr></w:tbl>",
    ):
        name, rest = block[1:].split(">", 1)
        document.element.body.insert(-1, parse_xml(f"<{name} {_NAMES}>{rest}"))
    document.sections[0].header.paragraphs[0].text = "of every page"
    document.add_comment(document.paragraphs[0].runs, "is this so?")
    notes = (
        f'<w:footnotes {_NAMES}><w:footnote w:id="0" w:type="separator"><w:p/></w:footnote>'
        f'<w:footnote w:id="2"><w:p>{_run("at the foot")}</w:p></w:footnote></w:footnotes>'
    )
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    name = PackURI("/word/footnotes.xml")
    part = Part(name, kind, notes.encode(), document.part.package)
    document.part.relate_to(part, f"{R}/footnotes")
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


def whole_pptx() -> bytes:
    """What PowerPoint writes beside titles: a formula amid text, a group, a table, a picture,
    SmartArt and notes."""
    from pptx import Presentation
    from pptx.opc.package import Part
    from pptx.opc.packuri import PackURI
    from pptx.oxml import parse_xml
    from pptx.util import Inches

    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = "Harbour"
    formula = f"<m:oMath><m:r><m:t>v=</m:t></m:r>{_fraction('s', 't')}</m:oMath>"
    formula = f"<mc:AlternateContent><mc:Choice>{formula}</mc:Choice></mc:AlternateContent>"
    said = f"<a:p><a:r><a:t>Speed: </a:t></a:r>{formula}</a:p>"
    shape = f"<p:sp><p:txBody>{said}</p:txBody></p:sp>"
    alternatives = f"<mc:Choice>{shape}</mc:Choice><mc:Fallback>{shape}</mc:Fallback>"
    tree = slide.shapes._spTree
    tree.append(parse_xml(f"<mc:AlternateContent {_NAMES}>{alternatives}</mc:AlternateContent>"))
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "in a group"
    table = slide.shapes.add_table(1, 2, 0, 0, Inches(2), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "left", "right"
    drawn = slide.shapes.add_picture(io.BytesIO(image()), 0, 0)
    drawn._element.nvPicPr.cNvPr.set("descr", "a boat")
    points = "".join(
        f"<dgm:pt><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>"
        for text in ("Step one", "Step two")
    )
    data = f"<dgm:dataModel {_NAMES}><dgm:ptLst>{points}</dgm:ptLst></dgm:dataModel>"
    kind = "application/vnd.openxmlformats-officedocument.drawingml.diagramData+xml"
    package = presentation.part.package
    part = Part(PackURI("/ppt/diagrams/data1.xml"), kind, package, data.encode())
    found = slide.part.relate_to(part, f"{R}/diagramData")
    frame = f"<a:graphic><a:graphicData><dgm:relIds r:dm='{found}'/></a:graphicData></a:graphic>"
    tree.append(parse_xml(f"<p:graphicFrame {_NAMES}>{frame}</p:graphicFrame>"))
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    return _written(presentation.save)


def filled_pdf(text: str, **fields: str) -> bytes:
    """A PDF with a page of text, a page that is a picture, and a form that was filled in."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

    writer = PdfWriter()
    for page in (pdf(text), pdf(scanned=True)):
        writer.append(PdfReader(io.BytesIO(page)))
    name = NameObject
    entries = [
        DictionaryObject(
            {
                name("/FT"): name("/Tx"),
                name("/T"): TextStringObject(field),
                name("/V"): TextStringObject(value),
            }
        )
        for field, value in fields.items()
    ]
    form = DictionaryObject({name("/Fields"): ArrayObject(map(writer._add_object, entries))})
    writer._root_object[name("/AcroForm")] = writer._add_object(form)
    return _written(writer.write)


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
