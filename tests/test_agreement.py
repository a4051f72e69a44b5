"""What has to agree: the page with the server, the documents with both."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import project.urls  # noqa: F401 - loads all that can go wrong
from conversations.errors import Problem
from project.preload import FIRST_PAGE
from project.sentences import SENTENCES
from project.settings import CHAT_MAX_CONTENT
from providers.errors import ProviderError
from streaming.events import SERVER_EVENTS, CloseCode
from tests.browser.screens import SCREENS
from tests.browser.screens_more import PICTURES
from tests.browser.shots import PLAN
from tests.harness.server import VARIABLES

ROOT = Path(__file__).parents[1]
PROTOCOL_TS = (ROOT / "web/src/protocol/events.ts").read_text()
PROTOCOL_MD = (ROOT / "docs/protocol.md").read_text()
README = (ROOT / "README.md").read_text()


def test_the_security_table_names_tests_that_are_there():
    table = (ROOT / "docs/security.md").read_text()
    named = re.findall(r"`((?:\w+/)+test_\w+\.py)`", table)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / "tests" / name).is_file()] == []


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
    """`streaming/events.py` and `web/src/protocol/events.ts` name the same events and fields."""
    server = {kind: tuple(map(set, fields)) for kind, fields in SERVER_EVENTS.items()}
    assert typescript_events() == server


# Errors of requests that only a program makes.
FOR_PROGRAMS = {
    *("invalid_json", "method_not_allowed", "missing_scope", "too_many_values"),
    *("unknown_url", "unsupported_encoding"),
}


def test_the_page_says_every_error_in_its_language():
    """By its code: the server's sentences are English."""
    texts = (ROOT / "web/src/strings/errors.ts").read_text().partition("    codes: {")[2]
    said = re.findall(r"^      (\w+): '", texts.partition("} as Record")[0], re.MULTILINE)
    codes = {kind.code for base in (Problem, ProviderError) for kind in kinds(base)}
    assert codes - FOR_PROGRAMS - set(said) == set()
    reasons = {
        word for path in sources() for word in re.findall(r'(?<!Finish\()reason="(\w+)"', path)
    }
    assert {"tls_failed", "disk_full"} <= reasons
    assert reasons - set(said) == set()
    assert reasons - set(SENTENCES) == set()
    files = {word for path in sources() for word in re.findall(r'Unreadable\("(\w+)"', path)}
    assert files - set(said) == set()


def sources() -> Iterator[str]:
    """The product's code in Python."""
    for package in ("providers", "conversations", "streaming"):
        for path in (ROOT / package).rglob("*.py"):
            yield path.read_text()


def kinds(error: type[Any]) -> Iterator[type[Any]]:
    yield error
    for kind in error.__subclasses__():
        yield from kinds(kind)


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
    """36 points and 73 checks, in order, and each says what shows it."""
    rows = re.findall(r"^\| (A?\d+) \| [^|]+ \| (.+) \|$", ACCEPTANCE, re.MULTILINE)
    assert [name for name, _ in rows] == [
        *(str(number) for number in range(1, 37)),
        *(f"A{number}" for number in range(1, 74)),
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
