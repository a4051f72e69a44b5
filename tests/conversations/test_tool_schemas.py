"""What a tool server's schema may cost: it is a stranger's, and is held against each call."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conversations.tools.schemas import schema_fault

# Each level asks for the next one twice.
DOUBLING = {
    **{f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)},
    "d60": {},
}
SLOW = "^(a+)+$"
OLD = "http://json-schema.org/draft-07/schema#"


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """The address of a server inside the network, and what it is asked for."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"const": "inside"}')

        def log_message(self, *_: object) -> None:  # type: ignore[override]
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()


def test_a_schema_fetches_nothing(asked: tuple[str, list[str]], tmp_path: Path) -> None:
    address, paths = asked
    inside = tmp_path / "inside.json"
    inside.write_text('{"const": "inside"}')
    for named in (f"{address}/a", inside.as_uri()):
        for part in ({"$ref": named}, {"$id": named, "$ref": "#/x"}, {"$dynamicRef": named}):
            assert schema_fault({"properties": {"a": part}}, {"a": 1}) == ""
    assert paths == []


@pytest.mark.parametrize(
    "schema",
    [
        {"$defs": DOUBLING, "$ref": "#/$defs/d0"},
        {"$defs": DOUBLING, "$ref": "#/$defs/d0", "unevaluatedProperties": False},
        {"$ref": "#"},
        {"properties": {"a": {"pattern": SLOW}}},
        {"patternProperties": {SLOW: {"type": "integer"}}},
        # A part in another dialect, whose keywords would be others.
        {"properties": {"a": {"$schema": OLD, "pattern": SLOW}}},
        {"properties": {"a": {"anyOf": [{"$schema": OLD, "pattern": SLOW}]}}},
        {"properties": {"list": {"uniqueItems": True}}},
    ],
)
def test_a_schema_costs_little(schema: dict[str, object]) -> None:
    """Without bounds each of these takes years, but for the last, which takes minutes."""
    text = "a" * 500 + "!"
    value = {"a": text, text: "", "list": [{"number": number} for number in range(7000)]}
    assert schema_fault(schema, value) == ""


def test_a_large_value_is_told_a_few_times_only() -> None:
    schema = {"anyOf": [{"type": "string"}] * 5000}
    assert schema_fault(schema, {"a": "x" * 100_000}) == ""
    assert "is not valid" in schema_fault({"anyOf": [{"type": "string"}] * 50}, {"a": "x"})


def test_what_does_not_fit_is_told() -> None:
    schema = {
        "type": "object",
        "$schema": OLD,
        "properties": {"$schema": {"type": "integer"}, "of": {"items": {"$ref": "#/$defs/x"}}},
        "$defs": {"x": {"type": "boolean"}},
        "required": ["of"],
    }
    assert schema_fault(schema, {"of": [True]}) == ""
    assert schema_fault(schema, {}) == "'of' is a required property"
    assert schema_fault(schema, {"of": [True, 1]}) == "of.1: 1 is not of type 'boolean'"
    assert (
        schema_fault(schema, {"of": [], "$schema": "x"}) == "$schema: 'x' is not of type 'integer'"
    )
