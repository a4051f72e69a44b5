"""The values that cross between a provider and the rest of the house.

All are frozen and plain: no client, no connection, no identity. Who asked, and which message
the answer becomes, is the caller's concern.
"""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]

# Why a model stopped; OpenAI's words (`finish_reason` of a chat completion).
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]

# What a request is waiting for or doing, as far as the provider lets us know. `loading` and
# `prompt_eval` are told only where they can be told apart from each other; else `prompt_eval`.
Phase = Literal["queued", "loading", "prompt_eval", "generating"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A prompt and how to answer it. `None` leaves the choice to the provider.

    `window` is the size of the context in tokens. Ollama loads a model again when it changes
    (`num_ctx`), so it has to be the same for every request to one model.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them. `prompt_tokens` includes those it had cached."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Finish:
    """How a reply ended. `usage` is `None` where the provider did not count;
    durations are seconds, `None` where it did not say."""

    reason: FinishReason
    usage: Usage | None = None
    load_s: float | None = None
    prompt_s: float | None = None
    generate_s: float | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a reply; any of its fields may be set, in one chunk or in several. Within one
    the order is phase, reasoning, content, finish.

    `finish` comes in exactly one chunk, the last of a whole reply. A stream that ends without
    it has failed, and the provider raises instead of ending.
    """

    content: str = ""
    reasoning: str = ""
    phase: Phase | None = None
    finish: Finish | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model as a provider lists it. `remote` tells that a prompt to it leaves the machine
    on which the provider runs (`None`: not known)."""

    name: str
    label: str
    context_length: int | None = None
    capabilities: tuple[str, ...] = ()
    size_bytes: int | None = None
    family: str = ""
    format: str = ""
    parameter_size: str = ""
    quantization_level: str = ""
    remote: bool | None = None
    created: int = 0
