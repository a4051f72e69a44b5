"""docs/ux-acceptance.md names every point and check, and nothing that is not there."""

import ast
import re
from pathlib import Path

from tests.browser.screens import SCREENS
from tests.browser.screens_more import PICTURES
from tests.browser.shots import PLAN

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "ux-acceptance.md").read_text()


def test_every_point_and_check_has_its_line():
    """36 points and 65 checks, in order, and each says what shows it."""
    rows = re.findall(r"^\| (A?\d+) \| [^|]+ \| (.+) \|$", TEXT, re.MULTILINE)
    assert [name for name, _ in rows] == [
        *(str(number) for number in range(1, 37)),
        *(f"A{number}" for number in range(1, 66)),
    ]
    assert all(re.search(r"`[^`]+`", shown) for _, shown in rows)


def test_every_test_that_is_named_is_there():
    """By its file and its function."""
    named = re.findall(r"`(\w+\.py)::(test_\w+)`", TEXT)
    functions = {
        (path.name, node.name)
        for path in (ROOT / "tests" / "browser").glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(named) > 100
    assert sorted(set(named) - functions) == []


def test_every_picture_and_part_that_is_named_is_there():
    """Screens of `make shots`, parts of `make bench-page`, and tests of the page's code."""
    pictures = set(SCREENS) | set(PICTURES) | {name for plan in PLAN.values() for name in plan}
    assert sorted(set(re.findall(r"`shot:(\w+)`", TEXT)) - pictures) == []
    parts = set(re.findall(r"`bench:(\w+)`", TEXT))
    assert [part for part in parts if not (ROOT / "bench" / "page" / f"{part}.py").exists()] == []
    for path in re.findall(r"`web:([\w./]+)`", TEXT):
        assert (ROOT / "web" / "src" / path).exists(), path
