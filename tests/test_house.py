"""The arrangement of the house: who imports whom, and what has to agree with what."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from streaming.events import SERVER_EVENTS, CloseCode
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
DOORS = ("streaming.consumers", "streaming.rest", "streaming.openai_api")
# Of the modules of a reply, from the outside in: none imports one that is further out.
LAYERS = (*DOORS, "streaming.lifecycle", "streaming.turns", "streaming.engine")
INNER = ("streaming.log", "streaming.follow", "streaming.events", "streaming.context")
WEB_FRAMEWORKS = {"django", "rest_framework", "channels", "drf_spectacular", "asgiref"}
# Libraries that one file alone may know, by the start of its name.
CLIENTS = {"ollama": "providers.ollama", "openai": "providers.openai"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> Iterator[str]:
    """Full names of everything that a file imports, inside functions too. `from a import b` gives
    `a` and `a.b`, since `b` may be a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


by_module = pytest.mark.parametrize("path", MODULES, ids=name_of)


def is_in(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


@by_module
def test_packages_import_only_along_the_arrows(path: Path):
    """project → streaming → conversations, providers; and nothing the other way."""
    package = name_of(path).split(".")[0]
    found = {name.split(".")[0] for name in imports(path)} & set(PACKAGES)
    assert found <= ARROWS[package] | {package}


@by_module
def test_providers_know_no_web_framework(path: Path):
    """`providers` could be used without Django."""
    if name_of(path).startswith("providers"):
        assert not {name.split(".")[0] for name in imports(path)} & WEB_FRAMEWORKS


@by_module
def test_doors_never_import_each_other(path: Path):
    """What two doors share lies behind them."""
    name, found = name_of(path), set(imports(path))
    others = tuple(door for door in DOORS if door != name)
    if name.startswith("streaming") or name in DOORS:
        assert not {one for one in found if is_in(one, others)}


@by_module
def test_inside_streaming_arrows_point_inwards(path: Path):
    """doors → lifecycle → turns → engine, log → events."""
    name, found = name_of(path), set(imports(path))
    if name in INNER:
        assert not {one for one in found if is_in(one, LAYERS)}
    elif name in LAYERS:
        outer = LAYERS[: LAYERS.index(name)]
        assert not {one for one in found if is_in(one, outer)}
    if name == "streaming.events":
        assert not {one for one in found if one.startswith("streaming")}


@by_module
def test_one_file_alone_knows_each_client(path: Path):
    """The official clients are known to the provider that is made of them."""
    for library, owner in CLIENTS.items():
        used = {one for one in imports(path) if is_in(one, (library,))}
        assert not used or name_of(path).startswith(owner)


def test_nothing_is_called_utils():
    """Rooms have a purpose."""
    forbidden = {"utils", "helpers", "common", "core", "misc"}
    assert not [name_of(p) for p in MODULES if set(name_of(p).split(".")) & forbidden]


# --- What has to agree -----------------------------------------------------------------------

PROTOCOL_TS = (ROOT / "web/src/protocol.ts").read_text()
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
