"""What a server says when it refuses, and the sentence we make of it.

Pure functions over status, headers and body; no library and no connection. Servers word the same
trouble differently and put it into different places, so the texts are searched for a few known
facts. Nothing of a text itself is ever passed on: it may be a page of HTML, hold an address or a
key, or be in the words of a program that the reader has never heard of.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any

from providers import errors

# In seconds. A server that asks for more has no useful idea of when to come back.
RETRY_AFTER_MAX_S = 3600.0

_CONTEXT = re.compile(
    r"context[ _](length|size|window)|maximum context|prompt is too long|longer than the context"
)
_MODEL_MISSING = re.compile(
    r"model ['\"`\\].{0,300}(not found|does not exist)|model_not_found|no such model", re.DOTALL
)
_MEMORY = re.compile(
    r"out of memory|more system memory|cudamalloc|(unable|failed) to allocate"
    r"|(insufficient|not enough) memory"
)
_BUSY = re.compile(
    r"server busy|pending requests exceeded|overloaded|no slot available|loading model"
)
_UNSUPPORTED = re.compile(
    r"does not support (thinking|tools|chat|images|vision|format|generate|insert)"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal, or an error object in the middle of a stream (then `status` is `None`).

    `parameter` names the request field that the server objected to; `retry_after` is in seconds.
    """

    status: int | None = None
    text: str = ""
    code: str = ""
    parameter: str = ""
    retry_after: float | None = None
    is_page: bool = False
    wants_sign_in: bool = False


def read_response(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """The refusal in a response with an error status. `headers` are looked up in lower case."""
    text = body.decode("utf-8", "replace").strip()
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    found = read_error(data) if isinstance(data, Mapping) else Refusal()
    is_page = data is None and (
        "html" in headers.get("content-type", "") or text[:1] == "<" or "page not found" in text
    )
    return Refusal(
        status=status,
        text=found.text or ("" if is_page else text),
        code=found.code,
        parameter=found.parameter,
        retry_after=_retry_after(headers),
        is_page=is_page,
        wants_sign_in=found.wants_sign_in,
    )


def read_error(data: Mapping[str, Any]) -> Refusal:
    """The refusal in a decoded body or line: Ollama's `{"error": "text"}`, where the text may
    be JSON of another server, or OpenAI's `{"error": {"message", "type", "param", "code"}}`."""
    error = data.get("error", data.get("detail", data.get("message")))
    wants_sign_in = bool(data.get("signin_url"))
    if isinstance(error, str):
        inner = _nested(error)
        if inner is not None:
            return read_error(inner)
        return Refusal(text=error, wants_sign_in=wants_sign_in)
    if isinstance(error, Mapping):
        code = f"{error.get('code') or ''} {error.get('type') or ''}".strip()
        return Refusal(
            text=str(error.get("message") or ""),
            code=code,
            parameter=str(error.get("param") or ""),
            wants_sign_in=wants_sign_in,
        )
    return Refusal(text="" if error is None else str(error), wants_sign_in=wants_sign_in)


def _nested(text: str) -> Mapping[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, Mapping) and "error" in data else None


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
    except (ValueError, TypeError):
        return None
    return seconds if 0 <= seconds <= RETRY_AFTER_MAX_S else None


def refusal_error(refusal: Refusal, who: str, model: str) -> errors.ProviderError:
    """The error to raise for it. `who` starts a sentence ("Ollama"); `model` may be empty."""
    text = f"{refusal.text} {refusal.code}".lower()
    if _CONTEXT.search(text):
        return errors.ContextTooLong(f"The conversation is too long for {_named(model)}.")
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
    """A name that may start a sentence, for the middle of one."""
    return f"the {who[4:]}" if who.startswith("The ") else who


def _by_status(refusal: Refusal, who: str, model: str, text: str) -> errors.ProviderError:
    status = refusal.status
    if refusal.is_page and status == 404:
        return errors.ProviderFailed(
            f"Something else answers at the address of {inside(who)} (error 404)."
            " Is the address right?"
        )
    if refusal.is_page:
        return errors.ProviderFailed(f"{who} answered with a web page instead of a reply.")
    if status == 404 and model:
        return _missing(who, model)
    if found := _UNSUPPORTED.search(text):
        return errors.RequestRefused(f"{_named(model, start=True)} does not support {found[1]}.")
    if status == 413:
        return errors.RequestRefused(f"The request is larger than {inside(who)} accepts.")
    if status is not None and 400 <= status < 500:
        return errors.RequestRefused(f"{who} refused the request{_because(refusal)}.")
    if status is None:
        return errors.ProviderFailed(f"{who} failed while it made the reply.")
    return errors.ProviderFailed(f"{who} failed to answer (error {status}).")


def _named(model: str, *, start: bool = False) -> str:
    if model:
        return f"the model “{model}”" if not start else f"The model “{model}”"
    return "The model" if start else "the model"


def _missing(who: str, model: str) -> errors.ModelNotFound:
    return errors.ModelNotFound(f"Model not found: {inside(who)} does not have {_named(model)}.")


def _not_allowed(refusal: Refusal, who: str, model: str, text: str) -> errors.ProviderAuthFailed:
    if refusal.wants_sign_in:
        sentence = f"{who} needs a sign-in before it can use {_named(model)}."
    elif "disabled" in text and "cloud" in text:
        sentence = f"Cloud models are switched off in {inside(who)}."
    elif refusal.status == 403 and not refusal.text:
        sentence = f"{who} does not accept requests from this server."
    elif refusal.status == 403:
        sentence = f"{who} does not allow this server to use {_named(model)}."
    else:
        sentence = f"{who} did not accept the key of this server."
    return errors.ProviderAuthFailed(sentence)


def _limited(refusal: Refusal, who: str, text: str) -> errors.ProviderRateLimited:
    if "quota" in text:
        return errors.ProviderRateLimited(f"{who} says that the quota of this server is used up.")
    return errors.ProviderRateLimited(
        f"{who} gets too many requests.{_again(refusal)}", retry_after=refusal.retry_after
    )


def _again(refusal: Refusal) -> str:
    if refusal.retry_after is None:
        return " Try again in a moment."
    return f" Try again in {max(1, ceil(refusal.retry_after))} s."


def _because(refusal: Refusal) -> str:
    """The field, when it is a plain identifier and so cannot smuggle in a text."""
    name = refusal.parameter
    return f" because of “{name}”" if name.isidentifier() and len(name) < 40 else ""
