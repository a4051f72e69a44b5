"""Reads the whole text of a Word document.

`python-docx` opens it and names its styles; the walk through its XML is our own, since the library
passes over what stands in fields to fill in, text boxes, tracked insertions, formulas, notes and
tables in tables.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from conversations.files.ooxml import children, formula, local_name, picture, row

# Around text of the document, in a paragraph or between paragraphs.
_AROUND: Final = {"sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "hyperlink"}
_AROUND_TEXT: Final = _AROUND | {"r", "fldSimple", "dir", "bdo", "oMathPara"}
_SIGNS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
# Parts beside the text, by the end of their relation's type: how an entry is called, and what its
# line begins with.
_NOTES: Final = {
    "/footnotes": ("footnote", "[^{id}]: "),
    "/endnotes": ("endnote", "[^e{id}]: "),
    "/comments": ("comment", "Comment: "),
}
_MARGINS: Final = {"/header": "Header: ", "/footer": "Footer: "}


def read(source: Path) -> Iterator[str]:
    """Yield the lines of a document: its text, then headers, footers, notes and comments."""
    from docx import Document

    document = Document(str(source))
    names = {style.style_id: style.name or "" for style in document.styles}
    yield from _blocks(document.element.body, names)
    roots = [
        (rel.reltype[rel.reltype.rindex("/") :], _root(rel.target_part))
        for rel in document.part.rels.values()
        if not rel.is_external and rel.reltype.endswith((*_MARGINS, *_NOTES))
    ]
    # Sections repeat them; a number alone is that of the page.
    margins = {
        _MARGINS[kind] + text
        for kind, root in roots
        if kind in _MARGINS and (text := _joined(root, names)) and not text.isdigit()
    }
    if margins:
        yield from (*sorted(margins, reverse=True), "")
    for kind, (name, lead) in _NOTES.items():
        for root in (root for found, root in roots if found == kind):
            yield from _notes(root, name, lead, names)


def _root(part: Any) -> Any:
    from docx.oxml import parse_xml

    element = getattr(part, "element", None)
    return parse_xml(part.blob) if element is None else element


def _notes(root: Any, name: str, lead: str, names: dict[str, str]) -> Iterator[str]:
    for note in children(root):
        found = {local_name(key): value for key, value in note.attrib.items()}
        # Those with a type are the lines that part notes from the text.
        if local_name(note.tag) == name and "type" not in found and (text := _joined(note, names)):
            yield lead.format(id=found.get("id", "")) + text


def _joined(element: Any, names: dict[str, str]) -> str:
    return " ".join(" ".join(_blocks(element, names)).split())


def _blocks(element: Any, names: dict[str, str]) -> Iterator[str]:
    """Yield the paragraphs and the rows of tables below `element`, with empty lines between."""
    for child in children(element):
        match local_name(child.tag):
            case "p":
                yield from _paragraph(child, names)
            case "tbl":
                rows = [part for part in child.iterchildren() if local_name(part.tag) == "tr"]
                yield from (row(_joined(cell, names) for cell in _cells(line)) for line in rows)
                yield ""
            case name if name in _AROUND:
                yield from _blocks(child, names)


def _cells(line: Any) -> Iterator[Any]:
    for child in children(line):
        if local_name(child.tag) == "tc":
            yield child
        elif local_name(child.tag) in _AROUND:
            yield from _cells(child)


def _paragraph(paragraph: Any, names: dict[str, str]) -> Iterator[str]:
    boxes: list[Any] = []
    text = "".join(_pieces(paragraph, boxes))
    if text.strip():
        yield _mark(paragraph, names) + text
        yield ""
    for box in boxes:
        yield from _blocks(box, names)


def _mark(paragraph: Any, names: dict[str, str]) -> str:
    """Return the mark before a heading or an entry of a list."""
    properties = paragraph.pPr
    style = getattr(getattr(properties, "pStyle", None), "val", None)
    level = names.get(style or "", "").removeprefix("Heading ")
    if level.isdigit():
        return "#" * int(level) + " "
    return "- " if getattr(properties, "numPr", None) is not None else ""


def _pieces(element: Any, boxes: list[Any]) -> Iterator[str]:
    """Yield the text of a paragraph piece by piece; text boxes in it are put into `boxes`."""
    for child in children(element):
        match local_name(child.tag):
            case "t":
                yield child.text or ""
            case "footnoteReference" | "endnoteReference" as name:
                number = next(value for key, value in child.attrib.items() if key.endswith("}id"))
                yield f"[^{'e' if name == 'endnoteReference' else ''}{number}]"
            case "drawing" | "pict" | "object":
                found = [box for box in child.iter() if local_name(box.tag) == "txbxContent"]
                boxes += found
                if not found and len(child):
                    yield picture(child)
            case "oMath":
                yield formula(child)
            case "ruby":
                yield from _ruby(child, boxes)
            case name if name in _SIGNS:
                yield _SIGNS[name]
            case name if name in _AROUND_TEXT:
                yield from _pieces(child, boxes)


def _ruby(element: Any, boxes: list[Any]) -> Iterator[str]:
    """Yield the text that has a reading above it, then the reading."""
    parts = {local_name(part.tag): part for part in children(element)}
    if "rubyBase" in parts:
        yield from _pieces(parts["rubyBase"], boxes)
    if "rt" in parts:
        yield f"({''.join(_pieces(parts['rt'], boxes))})"
