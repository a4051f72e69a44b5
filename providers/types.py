"""The values that providers take and give.

All are frozen and plain: no client, no connection, no user. The caller knows for whom a reply is
made and which message it becomes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]

# Why a model stopped; OpenAI's words (`finish_reason` of a chat completion).
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]

# What a request waits for or does. `loading` only where the provider can tell it from reading the
# prompt; else `prompt_eval`.
Phase = Literal["queued", "loading", "prompt_eval", "generating"]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in a message: its media type ("image/png") and its bytes in base64. `weight` is
    what it costs in a prompt, as a share of a picture of unknown cost."""

    media_type: str
    base64: str
    weight: float = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class ChatToolCall:
    """A call that a model has asked for; `arguments` is JSON text. `extra_content` is what its
    provider wants back with it (a thought signature), as it came."""

    id: str
    name: str
    arguments: str
    extra_content: Mapping[str, Any] | None = None


@dataclass(slots=True)
class ChatMessage:
    """One message of a prompt. `content` is its text. A message with pictures has `parts`, too:
    its texts and pictures in their order. `reasoning` and `tool_calls` are an assistant's;
    `tool_call_id` and `name` say which call a tool's message answers, and which tool it is. Nobody
    changes one; that it could be done makes it cheaper, and a history has hundreds."""

    role: Role
    content: str
    parts: tuple[str | Image, ...] = ()
    tool_calls: tuple[ChatToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""
    reasoning: str = ""

    @property
    def images(self) -> tuple[Image, ...]:
        return tuple(part for part in self.parts if isinstance(part, Image))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for. `parameters` is a JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Which tool the model must call: `auto`, `none`, `required` (any), or the function `name`."""

    mode: Literal["auto", "none", "required", "function"]
    name: str = ""


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """The form of the reply: any JSON object, or an object that fits `schema`."""

    schema: Mapping[str, Any] | None = None
    name: str = ""
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A prompt and how to answer it. `None` leaves the choice to the provider.

    `window` is the size of the context in tokens. Ollama loads a model again when it changes
    (`num_ctx`), so it has to be the same for every request to one model. `reasoning_effort` is
    one of "none", "minimal", "low", "medium", "high". `top_logprobs` asks for the log
    probabilities of the tokens written, and of that many alternatives to each. With a `suffix` the
    reply is the text between the only message and it. A provider that has no log probabilities or
    no suffix raises `RequestRefused`.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    window: int | None = None
    prompt_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    reasoning_effort: str | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    response_format: ResponseFormat | None = None
    top_logprobs: int | None = None
    suffix: str = ""
    top_k: int | None = None
    repeat_penalty: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them. `prompt_tokens` includes the `cached_tokens`, which it
    did not have to read again; `completion_tokens` includes the `reasoning_tokens`, where it tells
    them."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Finish:
    """How a reply ended. `usage` is `None` where the provider did not count; times are seconds,
    `None` where it did not measure. `window_full`: the reply ended (`length`) because prompt and
    reply fill the window, not because of the `max_tokens` that was asked for. `thought_characters`
    of the content were a thought, as its closing tag told when they had been passed on."""

    reason: FinishReason
    usage: Usage | None = None
    load_s: float | None = None
    prompt_s: float | None = None
    generate_s: float | None = None
    window_full: bool = False
    thought_characters: int = 0


@dataclass(frozen=True, slots=True)
class ToolPart:
    """A piece of a tool call. `index` counts the calls of a reply from 0, one after the other;
    `id` and `name` are in the first piece of each call only; the `arguments` joined are JSON text.
    `extra_content` goes back to the provider with the call, as it came."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    extra_content: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Chunk:
    """A piece of a reply; any of its fields may be set, in one chunk or in several. Within one
    the order is phase, reasoning, content, tool calls, finish. `logprobs` are those of the tokens
    of `content`, in OpenAI's form (`token`, `logprob`, `bytes`, `top_logprobs`). Nobody changes
    one; that it could be done makes it cheaper, and there is one for each token.

    `finish` comes in exactly one chunk, the last of a whole reply. A stream that ends without
    it has failed, and the provider raises instead of ending.
    """

    content: str = ""
    reasoning: str = ""
    phase: Phase | None = None
    finish: Finish | None = None
    tool_parts: tuple[ToolPart, ...] = ()
    logprobs: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Embeddings:
    """A vector for each text, in the order of the texts. `prompt_tokens` is `None` where the
    provider did not count."""

    vectors: tuple[tuple[float, ...], ...]
    prompt_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in the memory of its server, of which `vram_bytes` are a graphics card's; `until` is
    when it leaves by itself. `None` is not known."""

    name: str
    size_bytes: int | None = None
    vram_bytes: int | None = None
    window: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes of a download: those that have come, and those that are known of so far."""

    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Model:
    """A model as a provider lists it.

    `context_length` is what the model was made for; `window` what a request has here, where the
    list tells it. `remote`: a prompt leaves the machine on which the provider runs. `slots` is how
    many replies the server makes at once. `system_role`: the model's template takes system
    messages; `takes_tools`: it takes tools, else the server leaves them out without a word.
    `opens_thought`: it begins each reply inside a thought, whose opening tag is not told. `None` is
    not known.
    """

    name: str
    label: str
    context_length: int | None = None
    window: int | None = None
    capabilities: tuple[str, ...] = ()
    size_bytes: int | None = None
    family: str = ""
    format: str = ""
    parameter_size: str = ""
    quantization_level: str = ""
    remote: bool | None = None
    created: int = 0
    slots: int | None = None
    system_role: bool | None = None
    takes_tools: bool | None = None
    opens_thought: bool | None = None

    @property
    def chats(self) -> bool:
        """Whether it answers chats; models that only embed say so."""
        return "embedding" not in self.capabilities or "completion" in self.capabilities
