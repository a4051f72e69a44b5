"""The arrangement of the house: who imports whom, and what has to agree with what."""

import ast
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from project.opened import FIRST_PAGE
from streaming.events import SERVER_EVENTS, CloseCode
from tests.browser.screens import SCREENS
from tests.browser.screens_more import PICTURES
from tests.browser.shots import PLAN
from tests.harness.server import VARIABLES

ROOT = Path(__file__).parents[1]
PACKAGES = ("project", "streaming", "conversations", "providers")
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))

# Which of our packages each may import, apart from itself.
ARROWS = {
    "project": {"streaming", "conversations", "providers"},
    "streaming": {"conversations", "providers"},
    "conversations": set(),
    "providers": set(),
}
DOORS = ("streaming.socket", "streaming.rest", "streaming.v1")
# Of the modules of a reply, from the outside in: none imports one that is further out.
LAYERS = (*DOORS, "streaming.lifecycle", "streaming.replies.turns", "streaming.replies.engine")
INNER = ("streaming.log", "streaming.events", "streaming.replies.prompt")
WEB_FRAMEWORKS = {"django", "rest_framework", "channels", "drf_spectacular", "asgiref"}
# Libraries that one file alone may know, by the start of its name.
CLIENTS = {"ollama": "providers.ollama", "openai": "providers.openai"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@cache
def imports(path: Path) -> frozenset[str]:
    """Full names of everything that a file imports, inside functions too. `from a import b` gives
    `a` and `a.b`, since `b` may be a module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            assert node.module
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def is_in(name: str, modules: Iterable[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def wrong(forbidden: Callable[[str], Iterable[str]]) -> list[str]:
    """Every import of what `forbidden(module)` names for a module."""
    return [
        f"{module} imports {one}"
        for path in MODULES
        for module in [name_of(path)]
        for one in imports(path)
        if is_in(one, forbidden(module))
    ]


def test_packages_import_only_along_the_arrows():
    """project → streaming → conversations, providers; and nothing the other way."""
    packages = {name: set(PACKAGES) - ARROWS[name] - {name} for name in PACKAGES}
    assert wrong(lambda module: packages[module.split(".")[0]]) == []


def test_providers_know_no_web_framework():
    """`providers` could be used without Django."""
    assert wrong(lambda module: WEB_FRAMEWORKS if is_in(module, ["providers"]) else ()) == []


def test_doors_never_import_each_other():
    """What two doors share lies behind them, and nothing behind them imports a door."""

    def doors(module: str) -> Iterable[str]:
        own = {door for door in DOORS if is_in(module, [door])}
        return set(DOORS) - own if is_in(module, ["streaming"]) else ()

    assert wrong(doors) == []


def test_inside_streaming_arrows_point_inwards():
    """doors → lifecycle → turns → engine, log → events."""

    def further_out(module: str) -> Iterable[str]:
        if module == "streaming.events":
            return ["streaming"]
        if module in INNER:
            return LAYERS
        return LAYERS[: LAYERS.index(module)] if module in LAYERS else ()

    assert wrong(further_out) == []


def test_one_file_alone_knows_each_client():
    """The official clients are known to the provider that is made of them."""

    def clients(module: str) -> list[str]:
        return [client for client, owner in CLIENTS.items() if not module.startswith(owner)]

    assert wrong(clients) == []


def test_this_would_notice():
    """The walk finds what there is: an import that is allowed, under a rule that forbids it."""
    assert "streaming.replies.turns imports conversations.threads.services" in wrong(
        lambda module: ["conversations"]
    )


def test_nothing_is_called_utils():
    """Rooms have a purpose."""
    forbidden = {"utils", "helpers", "common", "core", "misc"}
    assert not [name_of(p) for p in MODULES if set(name_of(p).split(".")) & forbidden]


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
