"""The arrangement of the house: who imports whom, and what has to agree with what."""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

from project.preload import FIRST_PAGE
from project.settings import CHAT_MAX_CONTENT
from streaming.events import SERVER_EVENTS, CloseCode
from tests.browser.screens import SCREENS
from tests.browser.screens_more import PICTURES
from tests.browser.shots import PLAN
from tests.harness.imports import Graph, circles, floors, name_of, python_graph, typescript_graph
from tests.harness.server import VARIABLES

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
    "logs, limits, slots": "log limits provider_slots routing model_facts peers hints revocation"
    " credentials",
    "ground": "events errors metrics caller db_threads background single_server token_estimate",
}
DOORS = ("streaming.socket", "streaming.rest", "streaming.v1")
# Only the start of the process knows that there may be several.
CLUSTER_KNOWN_TO = ("streaming.cluster", "streaming.lifecycle")

# The same for the page: folders and files of `web/src`. Tests and what they are made with
# (`testing/`) may import everything.
WEB_LAYERS = {
    "start": "App main start",
    "components": "components",
    "hooks": "hooks",
    "state": "state",
    "session": "session",
    "transport": "transport",
    "protocol, texts, browser": "protocol strings stringsAround format stored clipboard jitless"
    " keepTrying theme signIn diagram",
}
WEB_TESTS = re.compile(r"testing/|.*\.test$")

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


# --- These tests would notice ------------------------------------------------------------------


def test_an_import_that_is_forbidden_is_found():
    """One that is allowed, under a rule that forbids it."""
    assert "streaming.replies.turns imports conversations.threads.services" in wrong(
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
        ("protocol", "transport/types"),
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


# --- What has to agree -----------------------------------------------------------------------

PROTOCOL_TS = (ROOT / "web/src/protocol.ts").read_text()
PROTOCOL_MD = (ROOT / "docs/protocol.md").read_text()
README = (ROOT / "README.md").read_text()


def typescript_events() -> dict[str, tuple[set[str], set[str]]]:
    """Every member of the union `ServerEvent`: its required and its optional fields."""
    code = re.sub(r"/\*.*?\*/", "", PROTOCOL_TS, flags=re.DOTALL)
    code = re.sub(r"//.*", "", code)
    union = re.search(r"export type ServerEvent =(.*?);\s*\nexport", code, re.DOTALL)
    assert union
    found = {}
    for member in filter(None, map(str.strip, union[1].split("\n  |"))):
        body = member
        if not member.startswith("{"):
            interface = re.search(rf"export interface {member} \{{(.*?)\n\}}", code, re.DOTALL)
            assert interface, member
            body = interface[1]
        fields = re.findall(r"(?:^  |[{;] )(\w+)(\??):", body, re.MULTILINE)
        kinds = re.search(r"\btype: ([^;}]*)", body)
        assert kinds, member
        required = {name for name, optional in fields if not optional} - {"type"}
        for kind in re.findall(r"'(\w+)'", kinds[1]):
            found[kind] = (required, {name for name, optional in fields if optional})
    return found


def test_the_page_knows_the_events_of_the_server():
    """`streaming/events.py` and `web/src/protocol.ts` name the same events and fields."""
    server = {kind: tuple(map(set, fields)) for kind, fields in SERVER_EVENTS.items()}
    assert typescript_events() == server


def test_the_page_lists_every_event_type():
    """The list by which the page's parser knows an event."""
    listed = re.search(r"SERVER_EVENT_TYPES = \[(.*?)\]", PROTOCOL_TS, re.DOTALL)
    assert listed
    assert set(re.findall(r"'(\w+)'", listed[1])) == set(SERVER_EVENTS)


def test_the_page_knows_the_close_codes():
    """Both sides mean the same by a number."""
    codes = re.search(r"CloseCode = \{(.*?)\}", PROTOCOL_TS, re.DOTALL)
    assert codes
    assert {int(code) for code in re.findall(r"\b(\d{4})\b", codes[1])} == set(map(int, CloseCode))


@pytest.mark.parametrize("kind", SERVER_EVENTS)
def test_every_event_is_documented(kind: str):
    """Programs read of every event in `docs/protocol.md`."""
    assert f'"type":"{kind}"' in PROTOCOL_MD or f"`{kind}`" in PROTOCOL_MD


@pytest.mark.parametrize("code", list(CloseCode))
def test_every_close_code_is_documented(code: CloseCode):
    """And of every number with which a socket is closed."""
    assert str(int(code)) in PROTOCOL_MD


def test_the_page_is_given_as_many_messages_as_it_asks_for():
    """The messages in the page stand for its first question."""
    queries = (ROOT / "web/src/state/queries.ts").read_text()
    assert f"FIRST_PAGE = {FIRST_PAGE};" in queries


def test_the_page_refuses_what_is_too_long_for_the_server():
    """The person is told while writing, not after sending."""
    sendable = (ROOT / "web/src/components/composer/sendable.ts").read_text()
    assert f"MAX_CONTENT = {CHAT_MAX_CONTENT:_};" in sendable


def test_every_part_that_a_template_names_is_there():
    """A file of the page that has moved would be a server error on the first visit."""
    templates = (ROOT / "web/templates").glob("*.html")
    named = {part for path in templates for part in re.findall(r"'(src/[^']+)'", path.read_text())}
    assert len(named) > 3
    assert [part for part in sorted(named) if not (ROOT / "web" / part).exists()] == []


# The variables that others may rely on (contracts, section 5).
PROMISED = re.findall(
    r"\w+",
    """
    SECRET_KEY DEBUG ALLOWED_HOSTS CSRF_TRUSTED_ORIGINS HOST PORT DATABASE_URL REDIS_URL
    OLLAMA_BASE_URL OLLAMA_HOST USE_OPENAI OPENAI_API_KEY OPENAI_BASE_URL OPENAI_CHAT_MODEL
    INFERENCE_SERVICE_URL INFERENCE_SERVICE_API_KEY INFERENCE_SERVICE_TIMEOUT
    CHAT_DEFAULT_PROVIDER CHAT_DEFAULT_MODEL CHAT_FALLBACK_PROVIDERS CHAT_ALLOWED_MODELS
    LOCAL_MODEL CHAT_REQUESTS_PER_MINUTE CHAT_CONCURRENT_REQUESTS PROVIDER_MAX_CONCURRENCY
    CORS_ALLOWED_ORIGINS
    """,
)
SOURCES = "".join((ROOT / name).read_text() for name in ("project/settings.py", "project/env.py"))
BUILT = [name for name in PROMISED if f'"{name}"' in SOURCES]


def test_most_of_what_was_promised_is_built():
    """The list is not empty by mistake."""
    assert len(BUILT) > 15


@pytest.mark.parametrize("name", BUILT)
def test_a_setting_that_is_built_is_in_the_readme(name: str):
    """Whoever reads the README finds every variable that the server reads."""
    assert f"`{name}`" in README


def test_the_readme_names_no_setting_that_is_not_read():
    """What it tells of exists."""
    table = re.search(r"## Settings\n(.*?)\n## ", README, re.DOTALL)
    assert table
    first_cells = [line.split("|")[1] for line in table[1].splitlines() if line.startswith("| `")]
    named = {name for cell in first_cells for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert named
    assert named <= set(VARIABLES)


# --- The page's acceptance names every point and check, and nothing that is not there ----------

ACCEPTANCE = (ROOT / "docs" / "ux-acceptance.md").read_text()


def test_every_point_and_check_has_its_line():
    """36 points and 65 checks, in order, and each says what shows it."""
    rows = re.findall(r"^\| (A?\d+) \| [^|]+ \| (.+) \|$", ACCEPTANCE, re.MULTILINE)
    assert [name for name, _ in rows] == [
        *(str(number) for number in range(1, 37)),
        *(f"A{number}" for number in range(1, 66)),
    ]
    assert all(re.search(r"`[^`]+`", shown) for _, shown in rows)


def test_every_test_that_is_named_is_there():
    """By its file and its function."""
    named = re.findall(r"`(\w+\.py)::(test_\w+)`", ACCEPTANCE)
    functions = {
        (path.name, node.name)
        for path in (ROOT / "tests" / "browser").glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(named) == len(re.findall("::test_", ACCEPTANCE)) > 100
    assert sorted(set(named) - functions) == []


def test_every_picture_and_part_that_is_named_is_there():
    """Screens of `make shots`, parts of `make bench-page`, and tests of the page's code."""
    pictures = set(SCREENS) | set(PICTURES) | {name for plan in PLAN.values() for name in plan}
    assert sorted(set(re.findall(r"`shot:(\w+)`", ACCEPTANCE)) - pictures) == []
    parts = set(re.findall(r"`bench:(\w+)`", ACCEPTANCE))
    assert [part for part in parts if not (ROOT / "bench" / "page" / f"{part}.py").exists()] == []
    for path in re.findall(r"`web:([\w./]+)`", ACCEPTANCE):
        assert (ROOT / "web" / "src" / path).exists(), path
