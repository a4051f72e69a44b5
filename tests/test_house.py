"""The arrangement of the house: who imports whom."""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps

from tests.harness.imports import Graph, circles, floors, name_of, python_graph, typescript_graph

ROOT = Path(__file__).parents[1]
PACKAGES = ("project", "streaming", "conversations", "providers")
PATHS = {name_of(ROOT, path): path for name in PACKAGES for path in (ROOT / name).rglob("*.py")}

# Which of our packages each may import, apart from itself.
ARROWS = {
    "project": {"streaming", "conversations", "providers"},
    "streaming": {"conversations", "providers"},
    "conversations": set(),
    "providers": set(),
}

# The layers inside `streaming/`, from the outside in. A module imports those of its own layer and
# of the layers below, and every module is in one of them.
STREAMING_LAYERS = {
    "doors": "socket rest v1",
    "start and end": "lifecycle apps",
    "several processes": "cluster",
    "replies": "replies",
    "tools, notifications": "tools push",
    "logs, limits, slots": "log limits provider_slots provider_answers route routing catalog"
    " connections model_facts model_jobs peers hints presence revocation credentials",
    "ground": "events errors metrics caller db_threads background heavy_work single_server"
    " allocator token_estimate picture_tokens storable small_queue memory_layer file_reading"
    " look_ups",
}
DOORS = ("streaming.socket", "streaming.rest", "streaming.v1")
# Only the start of the process knows that there may be several.
CLUSTER_KNOWN_TO = ("streaming.cluster", "streaming.lifecycle")

# The same for the page: folders and files of `web/src`. Tests and what they are made with
# (`testing/`) may import everything.
WEB_LAYERS = {
    "start": "App main start forms modelChoice modelJobs modelLines signedOut",
    "components": "components",
    "hooks": "hooks",
    "state": "state",
    "session": "session",
    "transport": "transport",
    "protocol, texts, browser": "protocol language errorWords strings"
    " format stored clipboard jitless keepTrying theme signIn worker diagram",
}
WEB_TESTS = re.compile(r"testing/|.*\.test$")

# A name in CamelCase, with an underscore in front or not.
TYPE = re.compile(r"_*[A-Z]\w*[a-z]")
# Django looks for this name in each module of `management/commands`.
SHARED_NAMES = {"Command"}
# What a module of the page exports as a type, a class or a component. The component `Message` shows
# the `Message` of the wire.
EXPORTED = re.compile(
    r"^export (?:default )?(?:abstract )?(?:interface|type|class|function|const)"
    r" ([A-Z]\w*[a-z]\w*)",
    re.MULTILINE,
)
SHARED_IN_THE_PAGE = {"Message"}

WEB_FRAMEWORKS = {"django", "rest_framework", "channels", "drf_spectacular", "asgiref"}
# Libraries that one file alone may know, by the start of its name.
CLIENTS = {"ollama": "providers.ollama", "openai": "providers.openai"}


@cache
def imports(path: Path) -> frozenset[str]:
    """Full names of everything that a file imports, inside functions too. `from a import b` gives
    `a` and `a.b`, since `b` may be a module."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def is_in(name: str, modules: Iterable[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def wrong(forbidden: Callable[[str], Iterable[str]]) -> list[str]:
    """Every import of what `forbidden(module)` names for a module."""
    return [
        f"{module} imports {name}"
        for module, path in PATHS.items()
        for name in imports(path)
        if is_in(name, forbidden(module))
    ]


def upward(graph: Graph, layers: Mapping[str, str], box: Callable[[str], str]) -> list[str]:
    """Every arrow of a graph from a layer to one above it. `box` gives the word of `layers` for a
    module; a module that has none, and a word without a module, are told, too."""
    depth = {name: at for at, names in enumerate(layers.values()) for name in names.split()}
    homeless = [f"{module} is in no layer" for module in graph if box(module) not in depth]
    gone = [f"{name} is not there" for name in depth.keys() - set(map(box, graph))]
    return [*homeless, *gone] + [
        f"{module} imports {target}"
        for module, targets in graph.items()
        for target in sorted(targets)
        if depth.get(box(target), -1) < depth.get(box(module), -1)
    ]


def in_streaming(module: str) -> str:
    return module.removeprefix("streaming.").partition(".")[0]


def in_web(module: str) -> str:
    return module.partition("/")[0]


def streaming() -> Graph:
    return {m: t for m, t in python_graph(ROOT, "streaming").items() if m != "streaming"}


def web() -> Graph:
    return typescript_graph(ROOT / "web" / "src")


def web_product() -> Graph:
    graph = web()
    tests = {module for module in graph if WEB_TESTS.match(module)}
    return {module: targets for module, targets in graph.items() if module not in tests}


def shared_names(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Names that several classes or types of these modules have, with the places of each. An
    underscore in front makes no other name. Classes inside a class are named after it, and the
    same alias (`Json = dict[str, Any]`) may be written in several modules."""
    meanings: dict[str, dict[str, str]] = {}
    for path in paths:
        for node in ast.parse(path.read_text()).body:
            match node:
                case ast.ClassDef(name=name):
                    meaning = f"{path}:{node.lineno}"
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if TYPE.match(name):
                    meaning = ast.unparse(value)
                case _:
                    continue
            meanings.setdefault(name.lstrip("_"), {})[meaning] = f"{path}:{node.lineno}"
    return {
        name: list(places.values())
        for name, places in meanings.items()
        if len(places) > 1 and name not in SHARED_NAMES
    }


def test_our_applications_are_the_ones_that_are_written_here():
    """Django takes one of its own, which starts nothing, where a module has several."""
    for name in ("project", "conversations", "streaming"):
        assert type(apps.get_app_config(name)).__module__ == f"{name}.apps"


def test_packages_import_only_along_the_arrows():
    """project → streaming → conversations, providers; and nothing the other way."""
    packages = {name: set(PACKAGES) - ARROWS[name] - {name} for name in PACKAGES}
    assert wrong(lambda module: packages[module.split(".")[0]]) == []


def test_providers_know_no_web_framework():
    """`providers` could be used without Django."""
    assert wrong(lambda module: WEB_FRAMEWORKS if is_in(module, ["providers"]) else ()) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_has_a_circle(package: str):
    """Nor when an import is for type checkers alone, or inside a function."""
    assert circles(python_graph(ROOT, package)) == []


def test_the_page_has_no_circle():
    """`import type` and `import()` count as well."""
    assert circles(web()) == []


def test_doors_never_import_each_other():
    """What two doors share lies behind them."""

    def doors(module: str) -> Iterable[str]:
        own = {door for door in DOORS if is_in(module, [door])}
        return set(DOORS) - own if is_in(module, ["streaming"]) else ()

    assert wrong(doors) == []


def test_inside_streaming_arrows_point_downwards():
    """doors → lifecycle → cluster → replies → log, limits, slots, routing → events."""
    assert upward(streaming(), STREAMING_LAYERS, in_streaming) == []


def test_only_the_start_knows_the_cluster():
    """Without `cluster/` and the lines of `lifecycle` that name it, one process works."""
    assert (
        wrong(lambda module: () if is_in(module, CLUSTER_KNOWN_TO) else ["streaming.cluster"]) == []
    )


def test_in_the_page_arrows_point_downwards():
    """components → hooks → state → session → transport → protocol."""
    assert upward(web_product(), WEB_LAYERS, in_web) == []


def test_one_file_alone_knows_each_client():
    """The official clients are known to the provider that is made of them."""

    def clients(module: str) -> list[str]:
        return [client for client, owner in CLIENTS.items() if not module.startswith(owner)]

    assert wrong(clients) == []


def test_nothing_is_called_utils():
    """Rooms have a purpose."""
    forbidden = {"utils", "helpers", "common", "core", "misc"}
    assert not [module for module in PATHS if set(module.split(".")) & forbidden]


def test_no_two_classes_share_a_name():
    """Who reads `Connection` knows which."""
    assert shared_names(path for path in PATHS.values() if "migrations" not in path.parts) == {}


def shared_exports(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Names that several modules of the page export, with those modules."""
    places: dict[str, list[str]] = {}
    for path in paths:
        for name in set(EXPORTED.findall(path.read_text())) - SHARED_IN_THE_PAGE:
            places.setdefault(name, []).append(str(path))
    return {name: where for name, where in places.items() if len(where) > 1}


def test_no_two_modules_of_the_page_export_a_name():
    """Of a type, a class or a component."""
    root = ROOT / "web" / "src"
    paths = sorted(path for kind in ("*.ts", "*.tsx") for path in root.rglob(kind))
    product = [
        path for path in paths if not WEB_TESTS.match(str(path.relative_to(root).with_suffix("")))
    ]
    assert shared_exports(product) == {}


# --- These tests would notice ------------------------------------------------------------------


def test_an_import_that_is_forbidden_is_found():
    """One that is allowed, under a rule that forbids it."""
    assert "streaming.replies.turns imports conversations.threads.selectors" in wrong(
        lambda module: ["conversations"]
    )


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("streaming.events", "streaming.v1.views"),
        ("streaming.replies.turns", "streaming.lifecycle"),
        ("streaming.replies.turns", "streaming.cluster.redis_log"),
        ("streaming.log", "streaming.replies.turn"),
        ("streaming.metrics", "streaming.log"),
    ],
)
def test_an_arrow_upwards_in_streaming_is_found(importer: str, imported: str):
    """Planted into the graph as it is."""
    graph = streaming()
    assert imported in graph
    graph[importer].add(imported)
    assert upward(graph, STREAMING_LAYERS, in_streaming) == [f"{importer} imports {imported}"]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("protocol/index", "transport/types"),
        ("transport/engine", "session/thread"),
        ("session/thread", "state/settings"),
        ("state/settings", "hooks/useModels"),
        ("hooks/useModels", "components/Frame"),
        ("components/Frame", "App"),
    ],
)
def test_an_arrow_upwards_in_the_page_is_found(importer: str, imported: str):
    """For each layer."""
    graph = web_product()
    assert imported in graph
    graph[importer].add(imported)
    assert upward(graph, WEB_LAYERS, in_web) == [f"{importer} imports {imported}"]


def test_a_module_in_no_layer_is_found():
    """A new room has to be put somewhere."""
    graph = streaming() | {"streaming.attic": set()}
    assert upward(graph, STREAMING_LAYERS, in_streaming) == ["streaming.attic is in no layer"]


def test_a_layer_of_a_module_that_is_gone_is_found():
    """The tables stay true when a room is cleared."""
    graph = {m: t for m, t in streaming().items() if m != "streaming.metrics"}
    assert upward(graph, STREAMING_LAYERS, in_streaming) == ["metrics is not there"]


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_name_that_two_classes_share_is_found(tmp_path: Path):
    """Of classes and aliases. Not of aliases that mean the same, nor of classes in a class."""
    files = {
        "a.py": "class Answer: ...\nclass Command: ...\nKind = Literal['a']\nJson = dict[str, Any]",
        "b.py": "class _Answer:\n    class Meta: ...\nclass Command: ...\nJson = dict[str, Any]",
        "c.py": "class C:\n    class Meta: ...\nKind = str\nMOST = 1",
        "d.py": "MOST = 2\nanswer = 3",
    }
    paths = [write(tmp_path, files) / name for name in files]
    assert shared_names(paths) == {
        "Answer": [f"{paths[0]}:1", f"{paths[1]}:1"],
        "Kind": [f"{paths[0]}:3", f"{paths[2]}:3"],
    }


def test_a_name_that_two_modules_of_the_page_export_is_found(tmp_path: Path):
    """A constant in capitals and a name that is not exported are none."""
    files = {
        "a.ts": "export interface Actions {\n}\nexport const MOST = 1;\ninterface Props {}",
        "b.tsx": "export function Actions() {}\nexport const MOST = 2;\ninterface Props {}",
    }
    paths = [write(tmp_path, files) / name for name in files]
    assert shared_exports(paths) == {"Actions": [str(path) for path in paths]}


def test_every_kind_of_import_makes_a_circle_in_python(tmp_path: Path):
    """At the top, inside a function, for type checkers, of a name, of a module, of a package."""
    files = {
        "house/__init__.py": "",
        "house/a.py": "import house.b",
        "house/b.py": "def f():\n    from house import c",
        "house/c.py": "if TYPE_CHECKING:\n    from house.wing.d import D",
        "house/wing/__init__.py": "from house.wing import d\nE = 1",
        "house/wing/d.py": "from house.a import X",
        "house/wing/e.py": "from house.wing import E",
        "house/f.py": "from house import a",
    }
    graph = python_graph(write(tmp_path, files), "house")
    assert circles(graph) == [["house.a", "house.b", "house.c", "house.wing.d"]]
    assert graph["house.wing.e"] == {"house.wing"}
    assert [floors(graph)[f"house.{name}"] for name in ("a", "f", "wing", "wing.e")] == [0, 1, 1, 2]


def test_every_kind_of_import_makes_a_circle_in_typescript(tmp_path: Path):
    """Values, types, names again exported, modules that are loaded later, over several lines."""
    files = {
        "a.ts": "import { b } from './b'",
        "b.tsx": "import type { C } from './wing/c'",
        "wing/c.ts": "export {\n  D,\n  type E,\n} from '../wing/d'",
        "wing/d.ts": "export const later = lazy(() => import('./e'))",
        "wing/e/index.tsx": "import '../../f'",
        "f.ts": "import * as a from './a.ts'\nimport { x } from 'a'",
        "g.ts": "import { a } from './a'",
    }
    graph = typescript_graph(write(tmp_path, files))
    assert circles(graph) == [["a", "b", "f", "wing/c", "wing/d", "wing/e/index"]]
    assert graph["g"] == {"a"}
