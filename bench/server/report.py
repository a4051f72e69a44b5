"""The figures of a run: medians, their spread, and ratios to the proxy, as a table and as JSON."""

import json
from collections import defaultdict
from pathlib import Path
from statistics import median

Column = str


class Report:
    """All rounds of one run: figures by column (a site and a door) and name."""

    def __init__(self) -> None:
        self._values: dict[str, dict[Column, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._columns: list[Column] = []

    def add(self, column: Column, figures: dict[str, float]) -> None:
        """Take the figures of one round."""
        if column not in self._columns:
            self._columns.append(column)
        for name, value in figures.items():
            self._values[name][column].append(value)

    def write(self, path: Path) -> None:
        """All values of all rounds."""
        path.write_text(json.dumps(self._values, indent=1))

    def table(self, baseline: Column = "proxy v1") -> str:
        """A table in Markdown: the baseline's median, of every other column the median of its
        ratios to the baseline in the same round, or (without one) its median."""
        others = [column for column in self._columns if column != baseline]
        lines = ["| | " + " | ".join([baseline, *others]) + " |"]
        lines.append("|---|" + "--:|" * (1 + len(others)))
        for name, columns in self._values.items():
            base = columns.get(baseline, [])
            cells = [_spread(base, 1) if base else ""]
            for column in others:
                values = columns.get(column, [])
                if not values:
                    cells.append("")
                elif base:
                    ratios = [value / of for value, of in zip(values, base, strict=False)]
                    cells.append(f"**{median(ratios):.2f}** ({_figure(median(values))})")
                else:
                    cells.append(_spread(values, 1))
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _spread(values: list[float], least: int) -> str:
    middle = _figure(median(values))
    if len(values) <= least:
        return middle
    return f"{middle} ({_figure(min(values))}-{_figure(max(values))})"
