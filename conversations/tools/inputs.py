"""What a tool server asks a person for in the middle of a call (MCP's elicitation), kept with the
call as JSON text. So nothing waits in memory: the call is made once more with the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from conversations.errors import InvalidInput
from conversations.tools.built_in import ToolFailed
from conversations.tools.schemas import schema_fault

# Times that one call may ask, questions at once, fields of a form, and characters of what a server
# sends and of an answer.
MOST_ROUNDS: Final = 10
MOST_QUESTIONS: Final = 4
MOST_FIELDS: Final = 30
MOST_CHARACTERS: Final = 40_000
MOST_ANSWER: Final = 20_000
ACTIONS: Final = ("accept", "decline", "cancel")
_PRIMITIVES: Final = ("string", "number", "integer", "boolean")


@dataclass(frozen=True, slots=True)
class Question:
    """A form to be filled in, as the `schema` of a flat object; or a `url` to be opened. `key` is
    the server's name for it."""

    key: str
    message: str
    schema: Mapping[str, Any] | None = None
    url: str = ""


def asked(before: str, questions: Sequence[Question], state: str | None) -> str:
    """Return the text for a call that asks, once more after what is in `before`. `state` goes back
    to the server. Raises `ToolFailed` for what cannot be shown."""
    kept = _read(before)
    number = kept.get("round", 0) + 1
    if number > MOST_ROUNDS:
        raise ToolFailed(f"The tool asked for input more than {MOST_ROUNDS} times.")
    if len(questions) > MOST_QUESTIONS:
        raise ToolFailed("The tool asks for too much input at once.")
    rows = [
        {
            "id": f"{number}-{position}",
            "key": question.key,
            "message": question.message,
            **({"url": _address(question.url)} if question.url else {"schema": _flat(question)}),
        }
        for position, question in enumerate(questions)
    ]
    text = orjson.dumps(
        {"round": number, "state": state, "open": rows, "given": kept.get("given", {})}
    ).decode()
    if len(text) > MOST_CHARACTERS:
        raise ToolFailed("The tool asks for too much input at once.")
    return text


def _flat(question: Question) -> Mapping[str, Any]:
    """The schema of a form. A field is a text, a number, a choice or several choices."""
    schema = question.schema or {}
    fields = schema.get("properties", {})
    good = schema.get("type") == "object" and isinstance(fields, dict)
    if not good or len(fields) > MOST_FIELDS or not all(map(_is_field, fields.values())):
        raise ToolFailed("The tool asks for input of a kind that cannot be shown.")
    return schema


def _is_field(field: Any) -> bool:
    if not isinstance(field, dict):
        return False
    if field.get("type") == "array":
        items = field.get("items")
        return isinstance(items, dict) and isinstance(items.get("enum", items.get("anyOf")), list)
    return field.get("type") in _PRIMITIVES


def _address(url: str) -> str:
    """An address that a person may be shown."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    except ValueError:
        good = False
    if not good or any(c.isspace() for c in url):
        raise ToolFailed("The tool asks to open an address that is no HTTP address.")
    return url


def open_questions(text: str) -> list[dict[str, Any]]:
    """Return the questions that nobody has answered, as they are told."""
    rows: list[dict[str, Any]] = _read(text).get("open", [])
    return [{name: row[name] for name in row if name != "key"} for row in rows]


def answered(text: str, answers: Mapping[str, Mapping[str, Any]] | None) -> str:
    """Return the text with the answers to its questions, by the questions' ids.

    Raises:
        InvalidInput: there is not one for each, or it does not fit.
    """
    kept = _read(text)
    rows = kept["open"]
    if not answers or answers.keys() != {row["id"] for row in rows}:
        raise _wrong("There must be an answer to each question.")
    for row in rows:
        answer = answers[row["id"]]
        content = answer.get("content")
        if answer["action"] == "accept" and "schema" in row:
            fault = schema_fault(row["schema"], content or {})
            if not fault and set(content or {}) - set(row["schema"].get("properties", {})):
                fault = "Unknown field."
            if fault:
                raise _wrong(fault)
            kept["given"][row["key"]] = {"action": "accept", "content": content or {}}
        else:
            kept["given"][row["key"]] = {"action": answer["action"]}
    given = orjson.dumps(kept | {"open": [], "last": [row["key"] for row in rows]}).decode()
    if len(given) > MOST_CHARACTERS + MOST_ANSWER:
        raise _wrong("The answers are too long.")
    return given


def _wrong(sentence: str) -> InvalidInput:
    return InvalidInput(f"answers: {sentence}", fields={"answers": [sentence]})


@dataclass(frozen=True, slots=True)
class Given:
    """What a call is made with: all answers by the server's names for the questions, those of the
    `last` round, and the `state` that the server wants back."""

    answers: Mapping[str, Mapping[str, Any]]
    last: Sequence[str]
    state: str | None


def given(text: str) -> Given:
    """Return what was answered so far."""
    kept = _read(text)
    return Given(kept.get("given", {}), kept.get("last", []), kept.get("state"))


def _read(text: str) -> dict[str, Any]:
    value: dict[str, Any] = orjson.loads(text) if text else {}
    return value
