"""The process that reads a file: what it makes of real ones, and what becomes of hostile ones."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conversations.files import documents, kinds, reading
from conversations.files.errors import UnsupportedFile
from tests.harness import files


async def read(folder: Path, data: bytes, name: str = "file") -> dict[str, Any]:
    """What the reader tells, with the text that it wrote."""
    (folder / reading.UPLOAD).write_bytes(data)
    told = await reading.run(folder, kinds.media_type(data[: kinds.HEAD], name))
    if (text := folder / "text").exists():
        told["text"] = text.read_text()
    return told


def opened(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(path.read_bytes()))


# --- Images -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (files.image("PNG"), "image/png"),
        (files.image("PNG", mode="RGBA"), "image/png"),
        (files.image("PNG", mode="L"), "image/png"),
        (files.broken_profile(), "image/png"),
        (files.image("JPEG"), "image/jpeg"),
        (files.image("JPEG", mode="CMYK"), "image/jpeg"),
        (files.image("WEBP", lossless=True), "image/jpeg"),
        (files.image("GIF"), "image/png"),
        (files.image("HEIF"), "image/jpeg"),
    ],
    ids=["png", "transparent", "grey", "profile", "jpeg", "print", "webp", "gif", "heic"],
)
async def test_images_are_encoded_anew(tmp_path: Path, data: bytes, media_type: str):
    """Into what every model takes, with a small one beside it."""
    told = await read(tmp_path, data)
    assert {**told, "tokens": 0} == {
        "media_type": media_type,
        "width": 40,
        "height": 30,
        "tokens": 0,
    }
    encoded = opened(tmp_path / "image")
    assert encoded.get_format_mimetype() == media_type
    assert encoded.size == (40, 30)
    assert opened(tmp_path / "thumb").format == "WEBP"


async def test_a_photo_is_turned_and_loses_its_metadata(tmp_path: Path):
    """It lies as it was held, is no larger than models look at, and names no place."""
    told = await read(tmp_path, files.photo())
    assert (told["width"], told["height"]) == (1365, 2048)
    assert b"secret" not in (tmp_path / "image").read_bytes()
    turned = opened(tmp_path / "image")
    assert not turned.getexif()
    red, blue = (turned.getpixel((700, y)) for y in (100, 1900))
    assert red[0] > 200 > 60 > red[2]
    assert blue[2] > 200 > 60 > blue[0]


async def test_a_polyglot_loses_its_other_half(tmp_path: Path):
    """Nothing of the upload but its pixels is served."""
    await read(tmp_path, files.polyglot())
    assert b"script" not in (tmp_path / "image").read_bytes()


# --- Documents --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "media_type", "text"),
    [
        (b"# Title\r\n\r\nText", "text/markdown", "# Title\n\nText"),
        ("Grüße".encode("utf-16"), "text/markdown", "Grüße"),
        ("Grüße".encode("cp1252"), "text/markdown", "Grüße"),
        (
            files.pdf("first page", "second page"),
            "application/pdf",
            "[Page 1]\nfirst page\n\n[Page 2]\nsecond page\n",
        ),
        (files.docx("one", "two"), documents.DOCX, "# Report\n\none\n\ntwo\n\nleft | right\n"),
        (
            files.xlsx(Costs=[["item", "cost"], ["tea", 2.5]], Rest=[]),
            documents.XLSX,
            "[Sheet Costs]\nitem | cost\ntea | 2.5\n\n[Sheet Rest]\n(empty)\n",
        ),
        (files.pptx("Hello", "Bye"), documents.PPTX, "[Slide 1]\nHello\n\n[Slide 2]\nBye\n"),
        (
            files.pptx("Harbour", chart={"2025": 3, "2026": 4.5}),
            documents.PPTX,
            "[Slide 1]\nHarbour\nSeries | 2025 | 2026\nBoats | 3 | 4.5\n",
        ),
    ],
    ids=["markdown", "utf-16", "cp1252", "pdf", "docx", "xlsx", "pptx", "chart"],
)
async def test_documents_are_read_with_marks(
    tmp_path: Path, data: bytes, media_type: str, text: str
):
    """What a model is given says on which page, sheet or slide it stands."""
    told = await read(tmp_path, data, "notes.md")
    assert (told["media_type"], told["text"]) == (media_type, text)
    assert told["tokens"] >= 1


async def test_all_of_a_word_document_is_read(tmp_path: Path):
    """Also what Word keeps apart from the paragraphs, and the library passes over."""
    told = await read(tmp_path, files.whole_docx())
    assert told["text"].splitlines() == [
        *("# Report", ""),
        *("- in a list, with a note[^2]", ""),
        *("filled in", ""),
        *("kept and inserted", ""),
        *("E=mc^(2), (1)/(2)", ""),
        *("beside a box", "", "in the box", ""),
        *("東京(とうきょう) [Picture: a boat]", ""),
        *("outer inner | right", ""),
        *("Header: of every page", ""),
        "[^2]: at the foot",
        "Comment: is this so?",
    ]


async def test_all_of_a_presentation_is_read(tmp_path: Path):
    """Also the text around a formula, and SmartArt."""
    told = await read(tmp_path, files.whole_pptx())
    assert told["text"].splitlines() == [
        *("[Slide 1]", "Harbour", "Speed: v=(s)/(t)", "in a group"),
        *("left | right", "[Picture: a boat]", "Step one", "Step two", "Notes: Say it slowly."),
    ]


async def test_formulas_without_results_are_read(tmp_path: Path):
    """As they are written: programs that compute nothing store no results."""
    told = await read(tmp_path, files.xlsx(Costs=[["tea", 2], ["all", "=SUM(B1:B1)"]]))
    assert told["text"] == "[Sheet Costs]\ntea | 2\nall | =SUM(B1:B1)\n"


async def test_what_a_pdf_has_beside_its_text(tmp_path: Path):
    """What was filled into a form; and that a page is a picture."""
    told = await read(tmp_path, files.filled_pdf("Hello", City="Rome"))
    assert told["text"] == (
        f"[Page 1]\nHello\n\n[Page 2]\n{documents.PICTURE_PAGE}\n\n[Form]\nCity: Rome\n"
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("季度报告：收入增长了百分之十二。", "gb18030"),
        ("季度報告：收入增長了百分之十二。這是一個測試文件。", "big5"),
        ("都市,売上\n東京,900\n", "shift_jis"),
        ("これはテストです。売上が増えました。", "euc-jp"),
        ("분기 보고서: 매출이 증가했습니다.", "euc-kr"),
        ("Отчёт за квартал: выручка выросла.", "cp1251"),
        ("Отчёт за квартал: выручка выросла.", "koi8-r"),
        ("Les élèves, déjà là – “quoted” €5", "cp1252"),
        ("21 °C\n22 °C\n", "latin-1"),
    ],
)
async def test_texts_of_other_encodings_are_read(tmp_path: Path, text: str, encoding: str):
    assert (await read(tmp_path, text.encode(encoding), "a.txt"))["text"] == text


# --- What cannot be read ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (files.bomb, "too_many_pixels"),
        (files.image("PNG")[:-30], "damaged"),
        (b"\xff\xd8\xff" + bytes(100), "damaged"),
        (files.pdf("secret", password="x"), "password"),
        (files.pdf(scanned=True), "no_text"),
        (lambda: files.pdf(*[""] * 201), "too_many_pages"),
        (b"%PDF-1.7 and nothing else", "damaged"),
        (files.xlsx(), "empty"),
        (b" \n ", "empty"),
        (lambda: b"a" * (documents.MOST_TEXT + 1), "too_much_text"),
        (files.docx("x")[:-200], "damaged"),
        (files.archive({"a.txt": b"a"}), "unsupported_file"),
        (
            lambda: files.archive(
                {"[Content_Types].xml": b"", "word/document.xml": bytes(300_000_000)}
            ),
            "too_large",
        ),
    ],
    ids=[
        "bomb",
        "cut",
        "no-jpeg",
        "password",
        "scanned",
        "pages",
        "no-pdf",
        "empty-sheets",
        "blank",
        "text",
        "cut-zip",
        "zip",
        "zip-bomb",
    ],
)
async def test_what_cannot_be_read_says_so(
    tmp_path: Path, data: bytes | Callable[[], bytes], code: str
):
    """With a reason for people, and before it costs much."""
    told = await read(tmp_path, data if isinstance(data, bytes) else data())
    assert told["error"]["code"] == code, told
    assert told["error"]["message"].endswith(".")


async def test_memory_is_bounded(tmp_path: Path):
    """A sheet whose text would fill the machine: a million cells of the same long string."""
    row = b"<row>" + b'<c t="s"><v>0</v></c>' * 10_000 + b"</row>"
    members = {
        "[Content_Types].xml": b"",
        "xl/workbook.xml": b"",
        "xl/sharedStrings.xml": b"x" * 150_000_000,
        "xl/worksheets/sheet1.xml": row * 100,
    }
    started = time.monotonic()
    told = await read(tmp_path, files.archive(members))
    assert told["error"]["code"] in ("damaged", "too_large")
    assert time.monotonic() - started < reading.PATIENCE


async def test_time_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The process is ended, and its end awaited."""
    monkeypatch.setattr(reading, "PATIENCE", 0.01)
    assert await read(tmp_path, b"text") == {"error": reading.TOO_SLOW}


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01\x00",
        bytes(10),
        b"MZ\x90\x00\x03",
        b"{\\rtf1\\ansi Text}",
        b"%!PS-Adobe-3.0",
    ],
)
def test_other_kinds_are_refused_by_their_content(data: bytes):
    """Whatever they are called."""
    with pytest.raises(UnsupportedFile):
        kinds.media_type(data, "notes.txt")
