"""What is written into requests and frames: sound values of a JSON schema, and hostile ones."""

import random
from typing import Any

Json = Any
Schema = dict[str, Any]

TEXTS = (
    *("", " ", "\x00", "a\x00b", "\r\nX-Forged: 1", "\u2028\u2029", "\ufeff", "\u202eevil"),
    *("'; DROP TABLE conversations_user; --", "<script>alert(1)</script>", "${7*7}", "{{7*7}}"),
    *("%s%s%n", "../../../etc/passwd", "null", "true", "-1", "NaN", "1e999", "0x10"),
    *("é" * 300, "Z̸̡̛" * 100, "👩‍👩‍👧‍👦" * 50, "𝕏", "[" * 500, '{"a":' * 100, "a" * 5000),
    *("\\", '"', "`" * 50, "$\\sqrt{" * 80, "# " * 200, "| " * 200, "=" * 1000),
)
NUMBERS = (0, -1, 1, 2**31, -(2**63), 2**64, 10**30, 0.5, -0.0, 1e308, 256, 1024, 0.7)
OTHERS: tuple[Json, ...] = (None, True, False, [], {}, [[]], {"a": {}}, [None] * 50)
IDS = ("00000000-0000-0000-0000-000000000000", "x", "%00", "..", "é", "0" * 400)
# What no library would write: bodies as they are.
BODIES = (
    *(b"", b"{", b"[" * 20_000, b'"\\ud800"', b"\xff\xfe", b"NaN", b'{"a":1e999}', b"\x00"),
    b'{"client_id": ' + b"9" * 5000 + b"}",
    b'{"a":1,' + b'"b":2,' * 5000 + b'"a":1}',
)


def hostile(rng: random.Random) -> Json:
    """A value that is seldom asked for."""
    return rng.choice((rng.choice(TEXTS), rng.choice(NUMBERS), rng.choice(OTHERS)))


def value_of(rng: random.Random, schema: Schema, components: Schema, depth: int = 0) -> Json:
    """A value of a JSON schema; now and then one that is not."""
    if rng.random() < 0.08 or depth > 6:
        return hostile(rng)
    if "$ref" in schema:
        return value_of(rng, components[schema["$ref"].rpartition("/")[2]], components, depth + 1)
    for kind in ("oneOf", "anyOf"):
        if kind in schema:
            return value_of(rng, rng.choice(schema[kind]), components, depth + 1)
    if "allOf" in schema:
        return value_of(rng, schema["allOf"][0], components, depth + 1)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            return _object(rng, schema, components, depth)
        case "array":
            item = schema.get("items", {})
            return [value_of(rng, item, components, depth + 1) for _ in range(rng.randrange(4))]
        case "integer" | "number":
            least, most = schema.get("minimum", 0), schema.get("maximum", 1000)
            number = rng.uniform(least, most)
            return int(number) if schema["type"] == "integer" else number
        case "boolean":
            return rng.random() < 0.5
        case "string":
            return _text(rng, schema)
    return hostile(rng)


def _object(rng: random.Random, schema: Schema, components: Schema, depth: int) -> Json:
    needed = schema.get("required", ())
    made = {
        name: value_of(rng, inner, components, depth + 1)
        for name, inner in schema.get("properties", {}).items()
        if rng.random() < (0.95 if name in needed else 0.4)
    }
    if rng.random() < 0.05:
        made[rng.choice(TEXTS)] = hostile(rng)
    return made


def _text(rng: random.Random, schema: Schema) -> str:
    match schema.get("format"):
        case "uuid":
            return str(random_id(rng))
        case "date-time":
            return rng.choice(("2030-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01"))
        case "date":
            return rng.choice(("2026-01-01", "0001-01-01", "9999-12-31"))
    return rng.choice(("hello", "a b c d e f g", "x" * 200, rng.choice(TEXTS)))


def random_id(rng: random.Random) -> str:
    bits = f"{rng.getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:]}"
