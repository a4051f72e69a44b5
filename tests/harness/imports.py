"""Graphs of imports: which modules a package has, who imports whom, and whether that is a circle.

A graph maps the name of each module to the modules of the same graph that it imports anywhere:
at the top, inside functions, for type checkers alone (`import type`, `if TYPE_CHECKING`), or when
it is run (`import('./dialog')`).
"""

import ast
import re
from functools import cache
from os.path import normpath
from pathlib import Path

Graph = dict[str, set[str]]

TYPESCRIPT = re.compile(
    r"""^\s*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]"""  # import { a } from './b'
    r"""|^\s*import\s*['"]([^'"]+)['"]"""  # import './b.css'
    r"""|\bimport\(\s*['"]([^'"]+)['"]\s*\)""",  # lazy(() => import('./b'))
    re.MULTILINE,
)


def python_graph(root: Path, package: str) -> Graph:
    """The modules of a Python package below `root`. `from a import b` is an import of the module
    `a.b` if there is one, else of `a`; relative imports are not read."""
    paths = {name_of(root, path): path for path in sorted((root / package).rglob("*.py"))}
    graph: Graph = {}
    for module, path in paths.items():
        targets: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                targets |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                targets |= {name if name in paths else node.module for name in names}
        graph[module] = targets & paths.keys() - {module}
    return graph


def name_of(root: Path, path: Path) -> str:
    """The name of a Python file as a module."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def typescript_graph(source: Path) -> Graph:
    """The `.ts` and `.tsx` files below `source`, by their paths without the ending."""
    paths = {
        path.relative_to(source).with_suffix("").as_posix(): path
        for path in sorted(source.rglob("*.ts*"))
    }
    graph: Graph = {}
    for module, path in paths.items():
        found = TYPESCRIPT.finditer(path.read_text())
        named = [next(filter(None, match.groups())).partition("?")[0] for match in found]
        local = [normpath(Path(module).parent / name) for name in named if name.startswith(".")]
        graph[module] = {
            target
            for name in local
            for target in (name, name.removesuffix(".ts").removesuffix(".tsx"), f"{name}/index")
            if target in paths.keys() - {module}
        }
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """Every group of modules that import each other, directly or through others."""
    reach = {module: _reachable(graph, module) for module in graph}
    groups = {
        tuple(sorted(other for other in reach[module] if module in reach[other]))
        for module in graph
        if module in reach[module]
    }
    return sorted(map(list, groups))


def _reachable(graph: Graph, start: str) -> set[str]:
    reached: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += graph[module]
    return reached


def floors(graph: Graph) -> dict[str, int]:
    """How many modules lie below each one, on the longest way down; a circle is one floor."""
    circle_of = {module: tuple(circle) for circle in circles(graph) for module in circle}

    @cache
    def floor(group: tuple[str, ...]) -> int:
        below = {target for module in group for target in graph[module]} - set(group)
        return 1 + max((floor(circle_of.get(m, (m,))) for m in below), default=-1)

    return {module: floor(circle_of.get(module, (module,))) for module in graph}
