"""Remembers which fields of a request a server has refused."""

import re
from collections.abc import Mapping
from typing import Any

from providers.refusals import Refusal

# What a request means the same without, in the order in which fields are given up when a refusal
# names several that do not go together.
_OPTIONAL = (
    *("stream_options", "truncate", "top_p", "presence_penalty", "frequency_penalty"),
    *("temperature", "reasoning_effort", "think", "reasoning_content", "extra_content"),
    *("max_tokens", "max_completion_tokens"),
)
_OTHER_WORDS = {"reasoning_effort": "thinking|reasoning effort", "think": "thinking"}
# A refusal of the value, not of the field.
_VALUE = re.compile(
    r"must be|too (large|big|high|small|low)|at (most|least)|less than|greater than|between"
)


class RefusedFields:
    """By model. Reasoning models refuse a temperature, OpenAI has renamed `max_tokens`, and older
    servers do not know `stream_options`. The refusal names the field, which is surer than a list
    of models."""

    def __init__(self, renamed: Mapping[str, str] | None = None) -> None:
        self._renamed = dict(renamed or {})
        self._refused: dict[str, set[str]] = {}

    def of(self, model: str) -> set[str]:
        """A copy, to be extended for one request."""
        return set(self._refused.get(model, ()))

    def apply(self, body: Mapping[str, Any], refused: set[str]) -> dict[str, Any]:
        """Return `body` without the refused fields, also in its options and messages."""
        fitted = {}
        for name, value in body.items():
            sent = self._renamed.get(name, name)
            if sent == "max_tokens" and sent in refused:
                sent = "max_completion_tokens"
            if sent in refused:
                continue
            if refused and name == "options":
                value = {key: kept for key, kept in value.items() if key not in refused}
            if name == "messages" and refused & {"reasoning_content", "extra_content"}:
                value = [_without(message, refused) for message in value]
            fitted[sent] = value
        return fitted

    def add(self, refusal: Refusal, sent: Mapping[str, Any], refused: set[str], model: str) -> bool:
        """Add what `refusal` names to `refused` and return whether that is worth another try with
        fewer fields. A field is remembered for the model unless only its value was refused."""
        if refusal.status not in (400, 422):
            return False
        named = [field for field in refusal.fields if field in _OPTIONAL and field not in refused]
        if not named:
            named = [f for f in _OPTIONAL if f not in refused and _in_text(f, refusal.text, sent)][
                :1
            ]
        refused.update(named)
        if named and not _VALUE.search(refusal.text.lower()):
            self._refused.setdefault(model, set()).update(named)
        return bool(named)


def _in_text(field: str, text: str, sent: Mapping[str, Any]) -> bool:
    there = field in sent or field in sent.get("options", ())
    if field in ("reasoning_content", "extra_content"):
        there = any(field in str(list(m)) or "tool_calls" in m for m in sent.get("messages", ()))
    words = _OTHER_WORDS.get(field)
    return there and bool(re.search(rf"\b({field}{'|' + words if words else ''})\b", text.lower()))


def _without(message: Mapping[str, Any], refused: set[str]) -> dict[str, Any]:
    kept = {name: value for name, value in message.items() if name not in refused}
    if "extra_content" in refused and "tool_calls" in kept:
        kept["tool_calls"] = [
            {name: value for name, value in call.items() if name != "extra_content"}
            for call in kept["tool_calls"]
        ]
    return kept
