"""Ollama's `/api/chat` in the words of the embedded engine (llama.cpp's OpenAI protocol), and back.

Pure functions; no connection and no engine.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

MODEL = "smollm2:135m"

_ROLES = ("system", "user", "assistant", "tool")
_TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; "
    "shorten the prompt, or start a new conversation"
)
_UINT32 = 0xFFFFFFFF

# Ollama's option: (the engine's word, its type, what holds without it). `num_ctx` and other options
# of the runner are not here: one size of context is loaded, and it stays.
_OPTIONS: dict[str, tuple[str, type, Any]] = {
    "temperature": ("temperature", float, 0.8),
    "top_p": ("top_p", float, 0.9),
    "top_k": ("top_k", int, 40),
    "min_p": ("min_p", float, 0.0),
    "typical_p": ("typical_p", float, 1.0),
    "repeat_penalty": ("repeat_penalty", float, 1.1),  # without it so small a model goes in circles
    "repeat_last_n": ("repeat_last_n", int, 64),
    "presence_penalty": ("presence_penalty", float, 0.0),
    "frequency_penalty": ("frequency_penalty", float, 0.0),
    "num_predict": ("max_tokens", int, -1),
    "seed": ("seed", int, -1),
}


class Refusal(Exception):
    """What the caller asked for cannot be done: answered with `status` and `{"error": …}`."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def check_model(body: Json) -> None:
    """Raises `Refusal` unless `body` names the one model there is."""
    name = body.get("model") or body.get("name")
    if not name or not isinstance(name, str):
        raise Refusal("model is required")
    if name != MODEL:
        raise Refusal(f"model '{name}' not found", 404)


def to_engine(body: Json, context: int) -> Json:
    """The engine's request for a chat request. Raises `Refusal` for what it cannot honour."""
    if body.get("think"):
        raise Refusal(f'"{MODEL}" does not support thinking')
    if body.get("tools"):
        raise Refusal(f"registry.ollama.ai/library/{MODEL} does not support tools")
    if body.get("format"):
        raise Refusal(f'"{MODEL}" does not support format')
    options = body.get("options")
    if options is None:
        options = {}
    if not isinstance(options, dict):
        raise Refusal("options must be an object")
    request: Json = {
        "messages": [_message(message) for message in body["messages"]],
        "stream": True,
        "stream_options": {"include_usage": True},
        # Makes the engine write while it reads the prompt, and so notice within a batch that its
        # caller has gone; else it looks once a second.
        "return_progress": True,
    }
    for name, (word, kind, default) in _OPTIONS.items():
        value = options.get(name)
        request[word] = default if value is None else _number(name, value, kind)
    request["max_tokens"] = max(-1, min(request["max_tokens"], context))
    request["seed"] &= _UINT32
    if stop := options.get("stop"):
        words = [stop] if isinstance(stop, str) else stop
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise Refusal('option "stop" must be of type array')
        request["stop"] = words
    return request


def _message(message: Any) -> Json:
    if not isinstance(message, dict):
        raise Refusal("messages must be objects")
    role, content = message.get("role"), message.get("content") or ""
    if not isinstance(role, str) or role.lower() not in _ROLES:
        raise Refusal(f"invalid role: {role}, must be one of [{', '.join(_ROLES)}]")
    if not isinstance(content, str):
        raise Refusal("content must be a string")
    if message.get("images"):
        raise Refusal(f'"{MODEL}" does not support images')
    return {"role": role.lower(), "content": content}


def _number(name: str, value: Any, kind: type) -> float | int:
    fits = isinstance(value, int) or (kind is float and isinstance(value, float))
    if not fits or isinstance(value, bool):
        raise Refusal(
            f'option "{name}" must be of type {"float32" if kind is float else "integer"}'
        )
    return float(value) if kind is float else int(value)


def text_of(chunk: Json) -> str:
    """The piece of the reply that a chunk of the engine brings; often none."""
    return "".join(choice["delta"].get("content") or "" for choice in chunk.get("choices", ()))


def reason_of(chunk: Json) -> str | None:
    """Why the reply has ended, in the chunk that says so."""
    return next((choice["finish_reason"] for choice in chunk.get("choices", ())), None)


def line(text: str, **more: Any) -> Json:
    """A line of Ollama's stream; the last one has `done=True` and more fields."""
    return {
        "model": MODEL,
        "created_at": now(),
        "message": {"role": "assistant", "content": text},
        "done": False,
        **more,
    }


def done_line(reason: str, usage: Json, timings: Json, total_ns: int) -> Json:
    """The last line: why it ended, what the engine counted, and how long it took (nanoseconds)."""
    return line(
        "",
        done=True,
        done_reason="length" if reason == "length" else "stop",
        total_duration=total_ns,
        prompt_eval_count=usage["prompt_tokens"],
        prompt_eval_duration=_nanoseconds(timings.get("prompt_ms")),
        eval_count=usage["completion_tokens"],
        eval_duration=_nanoseconds(timings.get("predicted_ms")),
    )


def _nanoseconds(milliseconds: float | None) -> int:
    return max(0, round((milliseconds or 0.0) * 1_000_000))


def refusal_of(error: Any, status: int) -> Refusal:
    """What to answer for an error object of the engine."""
    if not isinstance(error, Mapping):
        return Refusal(str(error), status)
    if error.get("type") == "exceed_context_size_error":
        return Refusal(_TOO_LONG)
    return Refusal(str(error.get("message") or error), status)


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
