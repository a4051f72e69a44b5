"""OpenAI's chat completion chunks, read into ours; no connection and no library. What is sent is
in `openai_request`.

Servers differ in the spelling (`finish_reason`, `finishReason`), in where reasoning goes
(`reasoning_content`, `reasoning`), in what they leave out and in whether they stream at all.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from providers import errors
from providers.refusals import read_error, refusal_error
from providers.tool_calls import ToolCalls
from providers.types import Chunk, Finish, FinishReason, Model, Phase, Usage

_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
# Where servers list the context that a model was made for, and the context that a request has.
_LENGTHS = (
    "context_length",
    "contextLength",
    "context_window",
    "max_context_length",
    "n_ctx_train",
)
_WINDOWS = ("loaded_context_length", "max_model_len", "n_ctx")


class RefusedFields:
    """What one server does not accept, learned from its refusals, by model.

    Reasoning models refuse a temperature, OpenAI has renamed `max_tokens`, and older servers do
    not know `stream_options`. The refusal names the field, which is surer than a list of names.
    """

    _FLEXIBLE = (
        *("stream_options", "temperature", "top_p", "max_tokens", "max_completion_tokens"),
        *("presence_penalty", "frequency_penalty", "reasoning_effort"),
    )

    def __init__(self, renamed: Mapping[str, str] | None = None) -> None:
        self._renamed = dict(renamed or {})
        self._refused: dict[str, set[str]] = {}

    def apply(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        refused = self._refused.get(wanted["model"], set())
        fitted = {}
        for name, value in wanted.items():
            sent = self._renamed.get(name, name)
            if sent == "max_tokens" and sent in refused:
                sent = "max_completion_tokens"
            if sent not in refused:
                fitted[sent] = value
        return fitted

    def remember(self, model: str, parameter: str) -> bool:
        """Whether it is worth trying again without `parameter`."""
        name = parameter.partition(".")[0]
        refused = self._refused.setdefault(model, set())
        if name not in self._FLEXIBLE or name in refused:
            return False
        refused.add(name)
        return True


class CompletionParser:
    """One reply being read. `feed` it each event, then ask for its `end`."""

    def __init__(self, who: str, model: str) -> None:
        self._who = who
        self._model = model
        self._reason: FinishReason | None = None
        self._usage: Usage | None = None
        self._phase: Phase | None = "generating"  # told with the first text
        self._tools = ToolCalls()
        self.done = False

    @property
    def has_reason(self) -> bool:
        """Whether the reply is complete; the usage may still come."""
        return self._reason is not None

    def feed(self, event: str) -> Chunk | None:
        """The text in an event or in the JSON of a whole completion, if there is any.

        Raises the `ProviderError` for an error object and for what is no chunk.
        """
        if event == "[DONE]":
            self.done = True
            return None
        try:
            data = orjson.loads(event)
        except ValueError as exc:
            raise self._unreadable() from exc
        if not isinstance(data, Mapping):
            raise self._unreadable()
        if data.get("error") or data.get("object") == "error":
            raise refusal_error(read_error(data), self._who, self._model)
        if usage := _usage(data.get("usage")):
            cached = _mapping(data.get("timings")).get("cache_n")  # llama-server
            if not usage.cached_tokens and isinstance(cached, int):
                usage = replace(usage, cached_tokens=cached)
            self._usage = usage
        choices = data.get("choices")
        if not isinstance(choices, list) or not choices:
            return None
        if not isinstance(choices[0], Mapping):
            raise self._unreadable()
        return self._choice(choices[0])

    def end(self) -> Chunk:
        """The last chunk. Without a reason and without the end mark the reply was cut off: some
        servers lose an error on the way and just stop."""
        if self._reason is None and not self.done:
            raise errors.StreamBroken(f"{self._who} ended the reply before it was complete.")
        reason = self._reason or "stop"
        if self._tools and reason == "stop":  # some servers say so also then
            reason = "tool_calls"
        return Chunk(finish=Finish(reason=reason, usage=self._usage))

    def _choice(self, choice: Mapping[str, Any]) -> Chunk | None:
        if reason := _either(choice, "finish_reason", "finishReason"):
            self._reason = _REASONS.get(str(reason), "stop")
        if whole := choice.get("message"):  # not streamed
            self.done = True
        said = choice.get("delta") or whole
        if not isinstance(said, Mapping):
            return None
        content = _text(said.get("content"))
        reasoning = _text(_either(said, "reasoning_content", "reasoningContent", "reasoning"))
        tool_parts = self._tools.feed(_either(said, "tool_calls", "toolCalls"))
        if not content and not reasoning and not tool_parts:
            return None
        phase, self._phase = self._phase, None
        return Chunk(content=content, reasoning=reasoning, phase=phase, tool_parts=tool_parts)

    def _unreadable(self) -> errors.StreamBroken:
        return errors.StreamBroken(f"{self._who} sent something that cannot be read.")


def models(data: object, *, remote: bool | None) -> list[Model]:
    """A list of models; a missing or null one is empty."""
    items = data.get("data", data.get("models")) if isinstance(data, Mapping) else data
    if not isinstance(items, list):
        return []
    found = (_model(item, remote) for item in items if isinstance(item, Mapping))
    return [model for model in found if model is not None]


def _model(item: Mapping[str, Any], remote: bool | None) -> Model | None:
    name = item.get("id") or item.get("name")
    if not isinstance(name, str):
        return None
    label = _either(item, "display_label", "displayLabel", "display_name", "displayName")
    capabilities = item.get("capabilities")
    more = item.get("meta") or item.get("metadata")
    details = more if isinstance(more, Mapping) else {}
    created = item.get("created")
    window = _length(item, _WINDOWS) or _length(details, _WINDOWS)
    return Model(
        name=name,
        label=label if isinstance(label, str) else name,
        context_length=_length(item, _LENGTHS) or _length(details, _LENGTHS) or window,
        window=window,
        capabilities=tuple(map(str, capabilities)) if isinstance(capabilities, list) else (),
        family=_word(details, "family"),
        format=_word(details, "format"),
        parameter_size=_word(details, "parameter_size", "parameterSize"),
        quantization_level=_word(details, "quantization_level", "quantizationLevel"),
        remote=remote,
        created=created if isinstance(created, int) else 0,
    )


def _length(data: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    value = _either(data, *names)
    return value if isinstance(value, int) and value > 0 else None


def _word(data: Mapping[str, Any], *names: str) -> str:
    value = _either(data, *names)
    return value if isinstance(value, str) else ""


def _usage(data: object) -> Usage | None:
    if not isinstance(data, Mapping):
        return None
    prompt = _either(data, "prompt_tokens", "promptTokens")
    completion = _either(data, "completion_tokens", "completionTokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    details = _either(data, "prompt_tokens_details", "promptTokensDetails")
    cached = _either(
        {**data, **_mapping(details)},
        *("cached_tokens", "cachedTokens", "cache_read_input_tokens", "prompt_cache_hit_tokens"),
    )
    return Usage(prompt, completion, cached if isinstance(cached, int) else 0)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _either(data: Mapping[str, Any], *names: str) -> Any:
    return next((data[name] for name in names if data.get(name) is not None), None)


def _text(value: object) -> str:
    """A string, or the texts of a list of parts."""
    if isinstance(value, list):
        texts = (part.get("text") for part in value if isinstance(part, Mapping))
        return "".join(text for text in texts if isinstance(text, str))
    return value if isinstance(value, str) else ""
