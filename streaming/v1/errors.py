"""Errors in the shape of OpenAI's API."""

from math import ceil
from typing import Any

from conversations.errors import (
    InvalidInput,
    ModelNotAllowed,
    NotAuthenticated,
    Problem,
    Unavailable,
)
from providers.errors import ContextTooLong, ModelNotFound, ProviderError, RequestRefused
from streaming.errors import describe
from streaming.routing import ModelNotOffered

Json = dict[str, Any]

# How the other doors name a field that is plainly `model` here.
_OURS = "parameters.model: "

# In OpenAI's words, which clients look for.
_TOO_LONG = (
    "This model's maximum context length is {window} tokens. However, your messages resulted in "
    "{prompt} tokens. Reduce their length."
)
_NO_ROOM = (
    "This model's maximum context length is {window} tokens. However, you requested {total} tokens "
    "({prompt} in the messages, {reply} in the completion). Reduce either."
)

# OpenAI's words for kinds of errors, by status.
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


class NoKey(NotAuthenticated):
    message = "Send an API key: Authorization: Bearer <key>."


class InvalidJson(InvalidInput):
    code = "invalid_json"
    message = "The body is not JSON."


class TooManyValues(InvalidInput):
    code = "too_many_values"
    message = "The body has too many values."


class UnknownEncoding(Problem):
    code = "unsupported_encoding"
    http_status = 415
    message = "A body may be compressed with gzip or deflate."


class UnknownAddress(Problem):
    code = "unknown_url"
    http_status = 404
    message = "Not found."


class WrongMethod(Problem):
    code = "method_not_allowed"
    http_status = 405

    def __init__(self, allowed: str) -> None:
        super().__init__(f"Only {allowed} is allowed.")
        self.headers = {"Allow": allowed}


def error(exc: BaseException) -> tuple[int, Json, dict[str, str]]:
    """The status, the body and the headers of the answer to a request that failed."""
    failure = describe(exc)
    status = getattr(exc, "v1_status", None) or failure.http_status
    code, param = failure.code, next(iter(failure.fields or ()), None)
    if isinstance(exc, ModelNotOffered):
        code = ModelNotFound.code
    if code in (ModelNotFound.code, ModelNotAllowed.code):
        param = "model"
    if isinstance(exc, ProviderError):
        param = param or exc.field or None
    headers = {**getattr(exc, "headers", {})}
    if status in (429, 503):
        seconds = getattr(exc, "retry_after", None) or Unavailable.retry_after
        headers["Retry-After"] = str(ceil(seconds))
    if status >= 500 and not failure.retryable:
        headers["x-should-retry"] = "false"  # OpenAI's clients would, twice
    message = failure.message.removeprefix(_OURS)
    if isinstance(exc, RequestRefused) and exc.detail:
        message = f"{message} {exc.detail}"
    if isinstance(exc, ContextTooLong):
        message = _too_long(exc) or message
    return status, error_body(status, code, message, param), headers


def _too_long(exc: ContextTooLong) -> str:
    """The sentence with the numbers, where they are known and explain the refusal."""
    window, prompt, reply = exc.window or 0, exc.prompt_tokens or 0, exc.reply_tokens or 0
    if not window or not prompt or prompt + reply <= window:
        return ""
    template = _TOO_LONG if prompt > window else _NO_ROOM
    return template.format(window=window, prompt=prompt, reply=reply, total=prompt + reply)


def error_body(status: int, code: str, message: str, param: str | None = None) -> Json:
    """An error in OpenAI's shape."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
