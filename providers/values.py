"""Reads values from a server's JSON, and brings them into range. Pure.

A server may send anything in any place: a negative count, 10^30, a text for a number, half a
character. Each function takes whatever stands there and returns a value that can be computed with,
stored and sent, or the one for "not known".
"""

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

import orjson

from providers import errors

# Tokens, pieces, anything that is counted: no model comes to so many, and two of them fit the
# column of a sum.
MOST = 1_000_000_000
# Bytes of a model, and other sizes: what every reader of JSON takes.
MOST_BYTES = 2**53 - 1
# The longest time that is believed, in nanoseconds: four months.
_MOST_NS = 10**16
# The last second of the year 9999.
_LAST_SECOND = 253_402_300_799
# Characters of a model's name: the column in which it is stored. And of a word about a model.
NAME = 255
_WORD = 100
# Models of a list, and abilities of a model.
MODELS = 5000
_WORDS = 32
# Of what a provider wants back with a call: levels of nesting.
_LEVELS = 32
# Characters of a token, and alternatives to one.
_TOKEN = 1000
_ALTERNATIVES = 20
# What stands for minus infinity where OpenAI tells a log probability.
_IMPROBABLE = -9999.0
# The largest 32-bit float.
_MOST_FLOAT = 3.4028234663852886e38

# What a list or an object costs to read, beside a number. And a text in JSON, also a cut one.
_LIST_COST = 10
_TEXT = re.compile(rb'"(?:[^"\\]+|\\.)*+"?', re.DOTALL)

_DIGITS = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)


def decoded(document: bytes | str) -> object:
    """Return the value of a JSON document. Raises `ValueError`."""
    try:
        return orjson.loads(document)
    except ValueError:
        try:  # the other one takes half a surrogate pair, which servers send where they cut a text
            return json.loads(document)
        except RecursionError as exc:
            raise ValueError("nested deeply") from exc


def cost(document: bytes, most: int) -> int:
    """How long it takes to read a document, roughly: its values, of which lists and objects cost
    ten times as much. Counts no further than `most`. Nothing else runs in the process while one is
    read, however many threads there are."""
    found = _structure(document)
    if found <= most:
        return found
    # Most of them may stand in texts, which cost nothing. Others can run between two texts.
    found = start = 0
    for text in _TEXT.finditer(document):
        # One for the text itself: a document of nothing else has to have an end, too.
        found += 1 + _structure(document[start : text.start()])
        start = text.end()
        if found > most:
            return found
    return found + _structure(document[start:])


def _structure(part: bytes) -> int:
    return part.count(b",") + _LIST_COST * (part.count(b"[") + part.count(b"{"))


def number(value: object) -> float | None:
    """A finite number, also one that is written as a text. Not a boolean."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or isfinite(value) else None


def only_finite(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are set. Raises `RequestRefused` for a number that JSON does not know, for
    which `orjson` would write `null` without a word."""
    for name, value in fields.items():
        if isinstance(value, float) and not isfinite(value):
            raise errors.RequestRefused(f"{name} is not a number.")
    return {name: value for name, value in fields.items() if value is not None}


def count(value: object, most: int = MOST) -> int | None:
    """A whole number from 0 to `most`; decimals are cut off."""
    count = number(value)
    return int(count) if count is not None and 0 <= count <= most else None


def positive(value: object, most: int = MOST) -> int | None:
    """A count; 0 stands for unknown."""
    return count(value, most) or None


def seconds(nanoseconds: object) -> float | None:
    """A duration that is told in nanoseconds."""
    duration = number(nanoseconds)
    return duration / 1e9 if duration is not None and 0 <= duration <= _MOST_NS else None


def epoch(value: object) -> int:
    """Seconds since 1970; 0 where it is unknown."""
    return count(value, _LAST_SECOND) or 0


def text(value: object) -> str:
    """A text that can be stored and sent: half a character and NUL become U+FFFD."""
    if not isinstance(value, str):
        return ""
    value = value.replace("\0", "\ufffd")
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def word(value: object) -> str:
    """A short text about a model, without what cannot be seen."""
    text = value[: 10 * _WORD] if isinstance(value, str) else ""
    return "".join(char for char in text if char.isprintable())[:_WORD]


def words(value: object) -> tuple[str, ...]:
    entries = value[:_WORDS] if isinstance(value, list) else ()
    return tuple(filter(None, map(word, entries)))


def name(value: object) -> str:
    """A model's name, as it is: it goes back to the server. Empty where it cannot be stored, sent
    or shown."""
    usable = isinstance(value, str) and len(value) <= NAME and value.isprintable()
    return value if usable else ""  # type: ignore[return-value]


def identifier(value: object) -> str:
    """An id: a text, or a number for one."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST_BYTES
    return str(value) if whole else text(value)


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The objects in a list, as many as a list of models may have."""
    entries = value if isinstance(value, list) else []
    return [item for item in entries[:MODELS] if isinstance(item, Mapping)]


def document(value: object) -> Mapping[str, Any] | None:
    """A JSON object that is only passed on; `None` where it cannot be."""
    if not isinstance(value, Mapping) or _is_deep(value, _LEVELS):
        return None
    try:
        orjson.dumps(value)
    except TypeError:  # half a character, or a number beyond 64 bits
        return None
    return value


def _is_deep(value: object, levels: int) -> bool:
    if not isinstance(value, Mapping | list):
        return False
    inside = value.values() if isinstance(value, Mapping) else value
    return levels == 0 or any(_is_deep(item, levels - 1) for item in inside)


def logprobs(value: object) -> tuple[Mapping[str, Any], ...]:
    """Log probabilities in OpenAI's form, each with its alternatives."""
    if not isinstance(value, list):
        return ()
    return tuple(
        {
            **_logprob(entry),
            "top_logprobs": [
                _logprob(other) for other in mappings(entry.get("top_logprobs"))[:_ALTERNATIVES]
            ],
        }
        for entry in value
        if isinstance(entry, Mapping)
    )


def _logprob(entry: Mapping[str, Any]) -> dict[str, Any]:
    token, given = text(entry.get("token"))[:_TOKEN], entry.get("bytes")
    found = number(entry.get("logprob"))
    logprob = _IMPROBABLE if found is None else min(max(found, _IMPROBABLE), 0.0)
    octets = None
    if isinstance(given, list):
        octets = [
            octet for octet in map(count, given[:_TOKEN]) if octet is not None and octet < 256
        ]
    return {"token": token, "logprob": logprob, "bytes": octets}


def vectors(rows: object) -> tuple[tuple[float, ...], ...]:
    """The vectors of an answer. Raises `ValueError` for what is none: they cannot be guessed."""
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("not vectors")
    try:
        vectors = tuple(tuple(map(float, row)) for row in rows)
    except (TypeError, OverflowError) as exc:
        raise ValueError("not a vector") from exc
    if not all(abs(value) <= _MOST_FLOAT for vector in vectors for value in vector):
        raise ValueError("not a number")
    return vectors
