"""Reads the refusal of a server, and turns it into one of our errors.

Pure functions over status, headers and body; no library and no connection. Servers word the same
trouble differently and put it into different places, so the texts are searched for a few known
facts. Sentences for people are ours: a server's text may be a page of HTML, hold an address or a
key, or be in the words of a program that the reader has never heard of. Programs get it cleaned,
as the error's `detail`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any

from providers import errors, values

# In seconds. A server that asks for more has no useful idea of when to come back.
RETRY_AFTER_MAX_S = 3600.0
# Of an error's `detail`, in characters.
DETAIL_MAX = 300
# Of a server's own text, in characters: that much is looked through, and cleaned. Some of the
# patterns take the square of it.
TEXT_MAX = 4000
CLEANED_MAX = 1000

_CONTEXT = re.compile(
    r"context[ _](length|size|window|limit)|maximum (context|model length)|prompt is too long"
    r"|(input|prompt) is too long|longer than the (context|maximum)|exceed_context_size"
    r"|too many tokens|tokens allowed|configured limit of \d+ tokens|max_seq_len"
    r"|`inputs` tokens|too large for model with"
)
# The size of the window, and of the prompt, in the words of llama-server, OpenAI, vLLM, OpenRouter,
# LM Studio, Ollama, SGLang, TGI, Mistral, Gemini, Anthropic and Cohere.
_WINDOW = (
    r"(?:context (?:length|size|window)|model length|max_seq_len|n_ctx)[^\d.]{0,40}(\d+)",
    r"(\d+) maximum context length",
    r"(?:configured limit|tokens allowed|cannot exceed|must be <=)\D{0,10}(\d+)",
    r"> ?(\d+)",
)
_PROMPT_TOKENS = (
    r"request \((\d+) tokens",
    r"\((\d+)(?: tokens)? (?:in the messages|of text input|in your prompt)",
    r"(\d+) (?:input tokens|tokens from the input|tokens in the messages)",
    r"(?:resulted in|contains|requested|requested about|passed|received|asked for|input \("
    r"|count \(|\(length|length \(|given:|the first|prompt length|n_keep:|too long:|limit:)"
    r" ?(\d+)",
)
_MODEL_MISSING = re.compile(
    r"model ['\"`\\].{0,300}(not found|does not exist)|model_not_found|no such model", re.DOTALL
)
_MEMORY = re.compile(
    r"out of memory|more system memory|cudamalloc|(unable|failed) to allocate"
    r"|(insufficient|not enough) memory"
)
_BUSY = re.compile(r"server busy|pending requests exceeded|overloaded|no slot available")
_LOADING = re.compile(r"loading model|model is (still )?loading")
_CANNOT_SEE = re.compile(
    r"(image|vision|multimodal)\w*( input| content)?s? (is|are) not supported"
    r"|(does not|doesn't) support (images?|vision|multimodal)|not a multimodal model"
    r"|image_url is only supported by certain models|no endpoints found that support image"
    r"|missing data required for image input"
)
_CANNOT_EMBED = re.compile(r"(does not|doesn't|not) support(ed|ing)? (for )?embeddings?")
_SYSTEM_ROLE = re.compile(
    r"system (role|message)s? (is |are )?not supported|only user and assistant roles"
)
_UNSUPPORTED = re.compile(r"does not support (thinking|tools|chat|format|generate|insert)")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal, or an error object in the middle of a stream (then `status` is `None`).

    `fields` are the parts of the request that the server named; `retry_after` is in seconds;
    `window` and `prompt_tokens` are its numbers where it says that the prompt is too long.
    """

    status: int | None = None
    text: str = ""
    code: str = ""
    fields: tuple[str, ...] = ()
    retry_after: float | None = None
    is_page: bool = False
    wants_sign_in: bool = False
    window: int | None = None
    prompt_tokens: int | None = None

    @property
    def is_loading(self) -> bool:
        """The server is there, and its model soon will be."""
        return self.status == 503 and bool(_LOADING.search(self.text.lower()))


def read_response(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Return the refusal in a response with an error status. `headers` are looked up in lower
    case."""
    text = body.decode("utf-8", "replace").strip()
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    refusal = read_error(data)
    is_page = data is None and (
        "html" in headers.get("content-type", "") or text[:1] == "<" or "page not found" in text
    )
    return replace(
        refusal,
        status=status,
        text=refusal.text or ("" if is_page else text[:TEXT_MAX]),
        retry_after=_retry_after(headers),
        is_page=is_page,
    )


def read_error(data: object) -> Refusal:
    """Return the refusal in a decoded body or line.

    Servers send `{"error": "text"}` (Ollama; the text may be JSON of another server), `{"error":
    {"message", "type", "param", "code"}}` (OpenAI), `{"detail": [{"loc", "msg"}]}` (FastAPI), and
    these inside each other.
    """
    if isinstance(data, Sequence) and not isinstance(data, str) and data:
        data = data[0]
    if not isinstance(data, Mapping):
        return Refusal()
    error = data.get("error", data.get("detail", data.get("message")))
    if isinstance(error, str):
        inner = _nested(error)
        refusal = Refusal(text=error) if inner is None else read_error(inner)
    elif isinstance(error, Mapping) and isinstance(error.get("detail"), list):
        refusal = _invalid(error["detail"])
    elif isinstance(error, Mapping):
        refusal = _error_object(error)
    elif isinstance(error, list):
        refusal = _invalid(error)
    else:
        refusal = Refusal(text="" if error is None else str(error))
    sign_in = bool(data.get("signin_url"))
    return replace(refusal, text=refusal.text[:TEXT_MAX], wants_sign_in=sign_in)


def _error_object(error: Mapping[str, Any]) -> Refusal:
    parameter = error.get("param")
    return Refusal(
        text=str(error.get("message") or ""),
        code=f"{error.get('code') or ''} {error.get('type') or ''}".strip()[:TEXT_MAX],
        fields=(parameter.partition(".")[0],) if isinstance(parameter, str) and parameter else (),
        window=values.positive(error.get("n_ctx")),
        prompt_tokens=values.positive(error.get("n_prompt_tokens")),
    )


def _invalid(details: list[Any]) -> Refusal:
    """Read FastAPI's list of errors, each with its place."""
    details = [detail for detail in details if isinstance(detail, Mapping)]
    paths = (detail.get("loc") for detail in details)
    names = ([str(n) for n in path if isinstance(n, str)] for path in paths if path)
    fields = (name[-1] for name in names if name)
    texts = (str(detail.get("msg") or "") for detail in details)
    return Refusal(text="; ".join(filter(None, texts)), fields=tuple(dict.fromkeys(fields)))


def _nested(text: str) -> object:
    if not text.startswith(("{", "[")):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, Mapping) and "error" in data else None


def _number(patterns: tuple[str, ...], text: str) -> int | None:
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    for pattern in patterns:
        if match := re.search(pattern, text):
            return values.positive(int(match[1][:10]))
    return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `Retry-After` (a number or a date) or OpenAI's `retry-after-ms`."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            seconds = float(milliseconds) / 1000
        elif (value := headers.get("retry-after", "").strip()).replace(".", "", 1).isdigit():
            seconds = float(value)
        elif value:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        else:
            return None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds if 0 <= seconds <= RETRY_AFTER_MAX_S else None


_SECRETS = re.compile(
    r"[a-z][a-z0-9+.-]*://\S+"  # addresses
    r"|\S+@\S+"
    r"|\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b|\[[0-9a-f:]*:[0-9a-f:]*\](:\d+)?"
    r"|\b(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+):\d+\b"
    r"|\b([a-z0-9-]+\.)+(internal|local|lan|corp|svc|intranet)\b"
    r"|(?<![\w.#$/])([a-z]:)?[\\/]([\w.@+-]+[\\/])*[\w.@+-]+"  # paths, not `#/$defs/Name`
    r"|\b((sk|pk|gsk|hf|org|proj)[-_]|bearer )[\w*.-]{4,}"  # keys
    r"|\b(?=[\w*-]*\d)(?=[\w*-]*[a-z])[\w*-]{24,}\b"
    r"|<[^>]*>",
    re.IGNORECASE,
)


def cleaned(text: str) -> str:
    """Return a server's sentence without addresses, paths, keys and markup."""
    if "Traceback" in text:
        return ""
    if len(text) > CLEANED_MAX:  # not half of a secret at its end
        text = text[:CLEANED_MAX].rpartition(" ")[0]
    text = text.replace("registry.ollama.ai/library/", "")
    text = _SECRETS.sub("…", " ".join(text.split()))
    text = "".join(char for char in text if char.isprintable())
    return text if len(text) <= DETAIL_MAX else f"{text[: DETAIL_MAX - 1]}…"


def refusal_error(refusal: Refusal, who: str, model: str) -> errors.ProviderError:
    """Return the error to raise. `who` starts a sentence ("Ollama"); `model` may be empty."""
    error = _error(refusal, who, model)
    if not refusal.is_page and not isinstance(error, errors.ProviderAuthFailed):
        error.detail = cleaned(refusal.text)
        error.field = next((name for name in refusal.fields if _is_plain_name(name)), "")
    return error


def _error(refusal: Refusal, who: str, model: str) -> errors.ProviderError:
    text = f"{refusal.text} {refusal.code}".lower()
    if refusal.status is not None and 300 <= refusal.status < 400:
        return errors.ProviderRedirected(
            f"{who} redirects to another address (status {refusal.status}), where nothing is sent."
            " Set the address that it redirects to."
        )
    if refusal.is_loading:
        return errors.ModelLoading(
            f"{who} is loading the model. Try again in a moment.", reason="model_loading"
        )
    if _CONTEXT.search(text) and refusal.status != 429:
        return errors.ContextTooLong(
            f"The conversation is too long for {_named(model)}.",
            window=refusal.window or _number(_WINDOW, text),
            prompt_tokens=refusal.prompt_tokens or _number(_PROMPT_TOKENS, text),
        )
    if _CANNOT_SEE.search(text):
        return errors.ModelCannotSee(f"{_named(model, start=True)} cannot see pictures.")
    if _CANNOT_EMBED.search(text):
        return errors.NotSupported(f"{_named(model, start=True)} does not make embeddings.")
    if _MODEL_MISSING.search(text):
        return _missing(who, model)
    if _MEMORY.search(text):
        return errors.ProviderFailed(f"{who} does not have enough memory to run {_named(model)}.")
    if refusal.status in (401, 403) or refusal.wants_sign_in or "unauthorized" in text:
        return _not_allowed(refusal, who, model, text)
    if refusal.status == 429 or "rate_limit" in text or "quota" in text:
        return _limited(refusal, who, text)
    if refusal.status == 503 or _BUSY.search(text):
        return errors.ProviderBusy(
            f"{who} is busy.{_again(refusal)}", retry_after=refusal.retry_after
        )
    if refusal.status in (408, 504):
        return errors.ProviderTimeout(f"{who} took too long to answer.")
    return _by_status(refusal, who, model, text)


def inside(who: str) -> str:
    """A name that may start a sentence, for the middle of a sentence."""
    return f"the {who[4:]}" if who.startswith("The ") else who


def _by_status(refusal: Refusal, who: str, model: str, text: str) -> errors.ProviderError:
    status = refusal.status
    if refusal.is_page and status == 404:
        return errors.ProviderFailed(
            f"Something else answers at the address of {inside(who)} (error 404)."
            " Is the address right?",
            reason="wrong_address",
        )
    if refusal.is_page:
        return errors.ProviderFailed(
            f"{who} answered with a web page instead of a reply.", reason="web_page"
        )
    if status == 404 and model:
        return _missing(who, model)
    if match := _UNSUPPORTED.search(text):
        return errors.RequestRefused(f"{_named(model, start=True)} does not support {match[1]}.")
    if _SYSTEM_ROLE.search(text):
        return errors.SystemRoleRefused(
            f"{_named(model, start=True)} does not accept a system prompt."
        )
    if status == 413:
        return errors.RequestRefused(f"The request is larger than {inside(who)} accepts.")
    if status is not None and 400 <= status < 500:
        return errors.RequestRefused(f"{who} refused the request{_because(refusal)}.")
    if status is None:
        return errors.ProviderFailed(f"{who} stopped with an error while writing this reply.")
    return errors.ProviderFailed(f"{who} failed to answer (error {status}).")


def _named(model: str, *, start: bool = False) -> str:
    if model:
        return f"the model “{model}”" if not start else f"The model “{model}”"
    return "The model" if start else "the model"


def _missing(who: str, model: str) -> errors.ModelNotFound:
    return errors.ModelNotFound(f"Model not found: {inside(who)} does not have {_named(model)}.")


def _not_allowed(refusal: Refusal, who: str, model: str, text: str) -> errors.ProviderAuthFailed:
    reason = ""
    if refusal.wants_sign_in:
        reason = "sign_in_needed"
        sentence = f"{who} needs a sign-in before it can use {_named(model)}."
    elif "disabled" in text and "cloud" in text:
        sentence = f"Cloud models are switched off in {inside(who)}."
    elif refusal.status == 403 and not refusal.text:
        reason = "access_refused"
        sentence = f"{who} does not accept requests from this server."
    elif refusal.status == 403:
        reason = "access_refused"
        sentence = f"{who} does not allow this server to use {_named(model)}."
    else:
        sentence = f"{who} rejected this server’s API key."
    return errors.ProviderAuthFailed(sentence, reason=reason)


def _limited(refusal: Refusal, who: str, text: str) -> errors.ProviderRateLimited:
    if "quota" in text:
        return errors.ProviderRateLimited(
            f"{who} says that the quota for this server is used up.", reason="quota_used_up"
        )
    return errors.ProviderRateLimited(
        f"{who} is receiving too many requests.{_again(refusal)}", retry_after=refusal.retry_after
    )


def _again(refusal: Refusal) -> str:
    if refusal.retry_after is None:
        return " Try again in a moment."
    return f" Try again in {max(1, ceil(refusal.retry_after))} s."


def _is_plain_name(name: str) -> bool:
    """An identifier cannot smuggle in a text."""
    return name.isidentifier() and len(name) < 40


def _because(refusal: Refusal) -> str:
    names = [f"“{name}”" for name in refusal.fields if _is_plain_name(name)][:3]
    return f" because of {', '.join(names)}" if names else ""
