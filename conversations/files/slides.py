"""Reads the whole text of a PowerPoint presentation.

`python-pptx` opens it and knows its charts; the walk through the XML is our own, since the library
passes over formulas with the text around them, fields and SmartArt.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from conversations.files.ooxml import children, formula, local_name, picture, row

# In a paragraph, around its text.
_AROUND_TEXT: Final = {"r", "fld", "m", "oMathPara"}
_DIAGRAM: Final = "/diagramData"


def read(source: Path) -> list[list[str]]:
    """Return the lines of each slide, its notes last."""
    from pptx import Presentation

    return [_slide(slide) for slide in Presentation(str(source)).slides]


def _slide(slide: Any) -> list[str]:
    lines = [*_shapes(slide.shapes._spTree, slide.part)]
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame):
        lines += [f"Notes: {frame.text}"] if frame.text.strip() else []
    return lines


def _shapes(tree: Any, part: Any) -> Iterator[str]:
    """Yield the texts of the shapes below `tree`, and of those that they group."""
    for shape in children(tree):
        match local_name(shape.tag):
            case "grpSp":
                yield from _shapes(shape, part)
            case "graphicFrame":
                lines = [*_graphic(shape, part)]
                yield from lines or [picture(shape)]
            case "pic":
                yield picture(shape)
            case _:
                yield from _paragraphs(shape)


def _paragraphs(element: Any) -> Iterator[str]:
    for child in children(element):
        if local_name(child.tag) == "p":
            if (text := "".join(_pieces(child))).strip():
                yield text
        else:
            yield from _paragraphs(child)


def _pieces(paragraph: Any) -> Iterator[str]:
    for child in children(paragraph):
        match local_name(child.tag):
            case "t":
                yield child.text or ""
            case "br":
                yield "\n"
            case "oMath":
                yield formula(child)
            case name if name in _AROUND_TEXT:
                yield from _pieces(child)


def _graphic(frame: Any, part: Any) -> Iterator[str]:
    """Yield the rows of a table or a chart, or the texts of SmartArt."""
    for element in frame.iter():
        match local_name(element.tag):
            case "tr":
                yield row(" ".join(_paragraphs(cell)) for cell in children(element))
            case "chart" if found := _related(element, part):
                yield from _chart(found.chart)
            case "relIds" if found := _related(element, part):
                yield from _diagram(found.blob)


def _related(element: Any, part: Any) -> Any:
    """The part that the first relation of an element leads to, if it is there."""
    ids = [value for key, value in element.attrib.items() if "relationships}" in key]
    rels = [part.rels[name] for name in ids if name in part.rels]
    wanted = [rel for rel in rels if rel.reltype.endswith(("/chart", _DIAGRAM))]
    return wanted[0].target_part if wanted else None


def _diagram(xml: bytes) -> Iterator[str]:
    from pptx.oxml import parse_xml

    for point in parse_xml(xml).iter():
        if local_name(point.tag) == "pt":
            yield from _paragraphs(point)


def _chart(chart: Any) -> Iterator[str]:
    """A chart as a table: its title, its categories, and a row for each series."""
    # A kind of chart that the library does not know.
    with suppress(ValueError, NotImplementedError, AttributeError):
        if chart.has_title and chart.chart_title.has_text_frame:
            yield f"Chart: {chart.chart_title.text_frame.text}"
        for plot in chart.plots:
            yield row(["Series", *(str(category) for category in plot.categories)])
            for series in plot.series:
                values = ("" if value is None else f"{value:g}" for value in series.values)
                yield row([series.name, *values])
