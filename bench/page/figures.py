"""A figure beside what it may be, and the table that they are printed as."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`budget` bounds `value` from above, or from below when it is `least`; None: only told."""

    what: str
    value: float
    unit: str
    budget: float | None = None
    least: bool = False

    @property
    def kept(self) -> bool:
        if self.budget is None:
            return True
        return self.value >= self.budget if self.least else self.value <= self.budget


def table(figures: Iterable[Figure]) -> str:
    """A table in Markdown."""
    lines = ["| what | measured | budget | |", "|---|--:|--:|---|"]
    for one in figures:
        sign = "≥" if one.least else "≤"
        budget = "" if one.budget is None else f"{sign} {_number(one.budget)} {one.unit}".strip()
        mark = "" if one.budget is None else ("kept" if one.kept else "**missed**")
        lines.append(f"| {one.what} | {_number(one.value)} {one.unit} | {budget} | {mark} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.3f}" if value < 1 else f"{value:.1f}"
