"""What the XML of office documents has in common (ECMA-376, Office Open XML)."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

# Parts of a formula that are not written behind one another, by their names in the XML.
_FORMULA: Final = {"sup": "^({})", "sub": "_({})", "num": "({})/", "den": "({})", "deg": "({})√"}


def local_name(tag: str) -> str:
    """`{namespace}name` without its namespace."""
    return tag.rpartition("}")[2]


def children(element: Any) -> Iterator[Any]:
    """Yield the elements below one; of alternatives for programs of different age, the first."""
    for child in element.iterchildren("*"):
        if local_name(child.tag) != "AlternateContent":
            yield child
        elif len(child):
            yield from children(child[0])


def row(cells: Iterable[str]) -> str:
    """A row of a table as one line."""
    return " | ".join(" ".join(cell.split()) for cell in cells)


def formula(element: Any) -> str:
    """A formula in a line: `E=mc^(2)`."""
    if local_name(element.tag) == "t":
        return element.text or ""
    text = "".join(formula(child) for child in children(element))
    return _FORMULA.get(local_name(element.tag), "{}").format(text) if text else ""


def picture(element: Any) -> str:
    """A mark where a picture, a chart or an object stands that is not read, with the text that
    describes it, if it has one."""
    found = {local_name(part.tag): part for part in element.iter("*")}
    names = {"chart": "Chart", "relIds": "Diagram", "OLEObject": "Object", "oleObj": "Object"}
    kind = next((names[name] for name in names if name in found), "Picture")
    described = next((found[name] for name in ("docPr", "cNvPr") if name in found), None)
    text = "" if described is None else " ".join(described.get("descr", "").split())
    return f"[{kind}: {text}]" if text else f"[{kind}]"
