"""OpenAI's chat completion chunks, read into ours; no connection and no library.

Servers differ in the spelling (`finish_reason`, `finishReason`), in where reasoning goes
(`reasoning_content`, `reasoning`, a content part), in what they leave out, in what they repeat, and
in whether they stream at all.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from providers import errors, values
from providers.refusals import read_error, refusal_error
from providers.tool_calls import ToolCalls
from providers.types import Chunk, Finish, FinishReason, Model, Phase, ToolPart, Usage

_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
# Reasons for which a server cuts a reply short.
_CUT = {"error", "abort", "aborted", "cancelled", "canceled", "insufficient_system_resource"}
# Where servers list the context that a model was made for, and the context that a request has.
_LENGTHS = (
    "context_length",
    "contextLength",
    "context_window",
    "max_context_length",
    "n_ctx_train",
)
_CACHED = (
    *("cached_tokens", "cachedTokens", "cache_read_input_tokens", "prompt_cache_hit_tokens"),
    "cache_n",  # llama-server
)
# What stands in an event, and in its choice and delta, that is a piece of text and nothing else.
_CHUNK = "chat.completion.chunk"
_PLAIN = frozenset({"index", "delta", "finish_reason", "logprobs"})
_TEXT = frozenset({"role", "content"})
_PATH = re.compile(r"(~|\.{0,2})[\\/]|[A-Za-z]:[\\/]")
_WINDOWS = ("loaded_context_length", "max_model_len", "n_ctx")


class CompletionParser:
    """Reads a reply: `read` its events, then ask for its `end`.

    A reply comes in deltas or in messages. Some servers send a message beside each delta, or a
    whole message after all of them: what has come in deltas is not taken again.
    """

    def __init__(self, who: str, model: str) -> None:
        self._who = who
        self._model = model
        self._reason: FinishReason | None = None
        self._usage: Usage | None = None
        self._phase: Phase | None = "generating"  # until the first text
        self._tools = ToolCalls()
        self._deltas: set[str] = set()  # which fields came in deltas
        # What came in messages alone.
        self._messages = {"content": _Grown(), "reasoning": _Grown()}
        self._whole = False
        self.done = False

    @property
    def has_reason(self) -> bool:
        """Whether the reply is complete; the usage may still come."""
        return self._reason is not None or self._whole

    def read(self, events: Iterable[str], *, streamed: bool = True) -> Iterator[Chunk]:
        """Yield what events that came at the same time say, up to the mark of the end; the answer's
        pieces among them that follow one another are one chunk. `streamed`: they are server-sent
        events, and a message in one may be a part.

        Raises the `ProviderError` for an error object and for anything that is no chunk, after
        what stood before it.
        """
        texts: list[str] = []
        failure: Exception | None = None
        try:
            for event in events:
                if event == "[DONE]":
                    self.done = True
                    break
                data = self._decoded(event)
                if text := self._next_text(data):
                    texts.append(text)
                    continue
                if texts:
                    yield Chunk("".join(texts))
                    texts = []
                if chunk := self._chunk(data, streamed):
                    yield chunk
        except (ValueError, errors.ProviderError) as exc:
            failure = exc
        if texts:
            yield Chunk("".join(texts))
        if failure is not None:
            raise failure

    def _next_text(self, data: Mapping[str, Any]) -> str:
        """The next piece of an answer that has begun, where the event is nothing else, as nearly
        all are. Empty for any other event: `_chunk` reads it."""
        choices = data.get("choices")
        if self._phase or not isinstance(choices, list) or len(choices) != 1:
            return ""
        if data.get("usage") or data.get("error") or data.get("object") != _CHUNK:
            return ""
        choice = choices[0]
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if not isinstance(delta, dict) or not choice.keys() <= _PLAIN or not delta.keys() <= _TEXT:
            return ""
        if choice.get("finish_reason") or choice.get("logprobs") or "content" not in self._deltas:
            return ""
        text = delta.get("content")
        return text if isinstance(text, str) else ""

    def _chunk(self, data: Mapping[str, Any], streamed: bool) -> Chunk | None:
        if data.get("error") or data.get("object") == "error":
            raise refusal_error(read_error(data), self._who, self._model)
        if data.get("usage"):
            self._usage = _usage(data) or self._usage
        choices = data.get("choices")
        if not isinstance(choices, list) or not choices:
            return None
        if not isinstance(choices[0], dict):
            raise self._unreadable()
        whole = not streamed or data.get("object") == "chat.completion"
        return self._choice(choices[0], whole)

    def end(self, *, window: int | None = None) -> Chunk:
        """Return the last chunk. Without a reason and without the end mark the reply was cut off:
        some servers lose an error on the way and just stop."""
        if not self.has_reason and not self.done:
            raise errors.StreamBroken(f"{self._who} ended the reply before it was complete.")
        reason = self._reason or "stop"
        if self._tools and reason == "stop":  # some servers say so also then
            reason = "tool_calls"
        full = fills_window(reason, self._usage, window)
        finish = Finish(reason=reason, usage=self._usage, window_full=full)
        return Chunk(tool_parts=self._tools.end(), finish=finish)

    def _decoded(self, event: str) -> Mapping[str, Any]:
        try:
            data = values.decoded(event)
        except ValueError as exc:
            raise self._unreadable() from exc
        if not isinstance(data, dict):
            raise self._unreadable()
        return data

    def _choice(self, choice: Mapping[str, Any], whole: bool) -> Chunk | None:
        if reason := _either(choice, "finish_reason", "finishReason"):
            if str(reason) in _CUT:
                cut = {"error": choice.get("error") or "The reply was cut short."}
                raise refusal_error(read_error(cut), self._who, self._model)
            self._reason = _REASONS.get(str(reason), "stop")
        delta, message = values.mapping(choice.get("delta")), values.mapping(choice.get("message"))
        self._whole = self._whole or (whole and bool(message) and not delta)
        content, reasoning = _texts(delta)
        if content:
            self._deltas.add("content")
        if reasoning:
            self._deltas.add("reasoning")
        parts = self._tool_parts(delta)
        if message:
            text, thought = _texts(message)
            if not self._tools:
                parts = self._tool_parts(message)
            if "content" not in self._deltas:
                content = self._messages["content"].add(text)
            if not self._deltas:
                reasoning = self._messages["reasoning"].add(thought)
        if not content and not reasoning and not parts:
            return None
        phase, self._phase = self._phase, None
        logprobs: tuple[Mapping[str, Any], ...] = ()
        if content and (given := choice.get("logprobs")):
            logprobs = values.logprobs(values.mapping(given).get("content"))
        return Chunk(content, reasoning, phase, tool_parts=parts, logprobs=logprobs)

    def _tool_parts(self, message: Mapping[str, Any]) -> tuple[ToolPart, ...]:
        calls = _either(message, "tool_calls", "toolCalls")
        if not calls and (old := values.mapping(message.get("function_call"))):
            calls = [{"index": 0, "function": old}]
        return self._tools.feed(calls)

    def _unreadable(self) -> errors.StreamBroken:
        return errors.StreamBroken(f"{self._who} sent something that cannot be read.")


class _Grown:
    """The text of messages, which come once, or again and again while they grow, or in pieces."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._size = 0

    def add(self, text: str) -> str:
        """Return what a message adds to those before it."""
        before = ""
        if len(text) >= self._size:  # else it has not grown
            before = "".join(self._texts)
        if before and text.startswith(before):
            self._texts, self._size = [text], len(text)
            return text[len(before) :]
        self._texts.append(text)
        self._size += len(text)
        return text


def fills_window(reason: str, usage: Usage | None, window: int | None) -> bool:
    """Whether a reply ended because prompt and reply fill the window."""
    if reason != "length" or usage is None or window is None:
        return False
    return usage.prompt_tokens + usage.completion_tokens >= window - 1


def models(data: object, *, remote: bool | None) -> list[Model]:
    """A list of models; a missing or null one is empty."""
    items = data.get("data", data.get("models")) if isinstance(data, Mapping) else data
    listed = (_model(item, remote) for item in values.mappings(items))
    return [model for model in listed if model is not None]


def _model(item: Mapping[str, Any], remote: bool | None) -> Model | None:
    name = values.name(item.get("id") or item.get("name"))
    if not name:
        return None
    label = _either(item, "display_label", "displayLabel", "display_name", "displayName")
    details = values.mapping(item.get("meta") or item.get("metadata"))
    window = _length(item, _WINDOWS) or _length(details, _WINDOWS)
    return Model(
        name=name,
        label=values.word(label) or label_of(name),
        context_length=_length(item, _LENGTHS) or _length(details, _LENGTHS) or window,
        window=window,
        capabilities=values.words(item.get("capabilities")),
        family=_word(details, "family"),
        format=_word(details, "format"),
        parameter_size=_word(details, "parameter_size", "parameterSize"),
        quantization_level=_word(details, "quantization_level", "quantizationLevel"),
        remote=remote,
        created=values.epoch(item.get("created")),
    )


def label_of(name: str) -> str:
    """A model's name for people; of a path, the file's name."""
    if not name.lower().endswith(".gguf") and not _PATH.match(name):
        return name
    file = re.split(r"[\\/]", name.rstrip("\\/"))[-1]
    return re.sub(r"(-\d{5}-of-\d{5})?\.(gguf|bin|safetensors)$", "", file, flags=re.I) or name


def _length(data: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return values.positive(_either(data, *names))


def _word(data: Mapping[str, Any], *names: str) -> str:
    return values.word(_either(data, *names))


def _usage(event: Mapping[str, Any]) -> Usage | None:
    data = values.mapping(event.get("usage"))
    prompt = values.count(_either(data, "prompt_tokens", "promptTokens"))
    completion = values.count(_either(data, "completion_tokens", "completionTokens"))
    if prompt is None or completion is None:
        return None
    details = values.mapping(_either(data, "prompt_tokens_details", "promptTokensDetails"))
    timings = values.mapping(event.get("timings"))  # llama-server
    cached = values.count(_either({**data, **timings, **details}, *_CACHED)) or 0
    written = values.mapping(_either(data, "completion_tokens_details", "completionTokensDetails"))
    thought = values.count(_either(written, "reasoning_tokens", "reasoningTokens")) or 0
    return Usage(prompt, completion, min(cached, prompt), min(thought, completion))


def _either(data: Mapping[str, Any], *names: str) -> Any:
    for name in names:
        if (value := data.get(name)) is not None:
            return value
    return None


def _texts(message: Mapping[str, Any]) -> tuple[str, str]:
    """The content and the reasoning of a delta or message. Reasoning may be a field, a list of
    parts, or parts of the content."""
    if not message:
        return "", ""
    content, thought = _parts(message.get("content"))
    field = _either(message, "reasoning_content", "reasoningContent", "reasoning", "thinking")
    if field is None:
        field = message.get("reasoning_details")
    return content, (field and "".join(_parts(field))) or thought


def _parts(value: object) -> tuple[str, str]:
    """The text and the reasoning in a string or in a list of parts."""
    if isinstance(value, str):
        return value, ""
    content = reasoning = ""
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, str):
            content += part
        if not isinstance(part, Mapping):
            continue
        kind = str(part.get("type") or "")
        text = "".join(_parts(_either(part, "thinking", "reasoning", "text", "summary")))
        if kind.startswith(("thinking", "reasoning")):
            reasoning += text
        else:
            content += text
    return content, reasoning
