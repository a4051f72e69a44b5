"""Holds values against JSON schemas that tool servers wrote.

A schema may name an address or a file of this machine, a pattern that takes for ever, and a few
parts that refer to each other a million times. Nothing is fetched, no pattern is tried, and the
work is bounded; what is not looked at here the server checks itself.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

# Keywords of a schema that are looked at; fewer for a large value, since each may tell all of it.
MOST_STEPS: Final = 5_000
LEAST_STEPS: Final = 100
_MOST_TOLD: Final = 20_000_000
# A pattern may take for ever on a text that a model wrote; the others look through a schema on
# their own, and are not counted.
_LEFT_OUT: Final = ("pattern", "patternProperties", "unevaluatedItems", "unevaluatedProperties")
# Items that are compared with each other.
_MOST_COMPARED: Final = 100

Keyword = Callable[[Any, Any, Any, Any], Any]


class _TooManySteps(Exception):
    """It would take too long."""


def schema_fault(schema: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    """Return what is wrong with a value, by the schema of a tool server: a sentence, or nothing."""
    # Imported by the first call: it takes memory.
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend
    from referencing.jsonschema import EMPTY_REGISTRY

    try:
        left = max(LEAST_STEPS, min(MOST_STEPS, _MOST_TOLD // len(orjson.dumps(value))))
        keywords = _counted(Draft202012Validator.VALIDATORS, left)
        validator: Any = extend(Draft202012Validator, keywords)
        # Without a registry an address or a file that `$ref` names would be read.
        validator(_one_dialect(schema), registry=EMPTY_REGISTRY).validate(value)
    except ValidationError as error:
        place = ".".join(map(str, error.absolute_path))
        return f"{place}: {error.message}"[:500] if place else error.message[:500]
    except Exception:  # noqa: BLE001 - the schema is the server's, and may be anything
        return ""
    return ""


def _counted(keywords: Mapping[str, Keyword], left: int) -> dict[str, Keyword | None]:
    """The keywords, of which so many are looked at in all."""

    def count() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise _TooManySteps

    def counted(name: str, keyword: Keyword) -> Keyword:
        def look(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
            count()
            if name == "uniqueItems" and isinstance(instance, list):
                instance = instance[:_MOST_COMPARED]
            yield from keyword(validator, wanted, instance, schema) or ()

        return look

    made: dict[str, Keyword | None] = {
        name: counted(name, keyword) for name, keyword in keywords.items()
    }
    return made | dict.fromkeys(_LEFT_OUT)


def _one_dialect(schema: Any) -> Any:
    """The schema without the names of other dialects: a part that names one would be held against
    it by other keywords than these."""
    if isinstance(schema, Mapping):
        return {
            name: _one_dialect(part)
            for name, part in schema.items()
            if name != "$schema" or not isinstance(part, str)
        }
    return [_one_dialect(part) for part in schema] if isinstance(schema, list) else schema
