"""Everything that can go wrong between us and a provider.

    ProviderError
    ├── ProviderUnavailable      nothing answers there: refused, unknown host, closed before a byte
    ├── ProviderBusy             it has no room: 503, its own queue is full
    │   └── ModelLoading         it answers, and its model soon will
    ├── ProviderRateLimited      429
    ├── ProviderTimeout          no first byte, or no next byte, within the limit
    ├── ProviderAuthFailed       401, 403: key missing, wrong, or not allowed
    ├── ModelNotFound            it does not have that model
    ├── RequestRefused           400: it did not accept the request
    │   ├── ContextTooLong       the prompt does not fit the model's window
    │   ├── SystemRoleRefused    the model's template takes no system messages
    │   ├── NotSupported         it has no embeddings, log probabilities, suffix
    │   └── ModelCannotSee       the model takes no pictures
    ├── ProviderFailed           500, an error line in the stream, a page of HTML
    ├── ProviderRedirected       3xx: it would have us send the prompt elsewhere
    ├── ReplyTooLong             more came than was asked for, or than is taken
    └── StreamBroken             the stream ended before the reply did

A provider raises nothing else (and `asyncio.CancelledError`). `str(error)` is a sentence for the
person who waits for the reply: no URL, no key, no text of the library, no prompt.
"""


class ProviderError(Exception):
    """A provider could not answer.

    `code` is for programs. `retryable`: the same request may succeed later. `http_status` is the
    status of our answer, and `v1_status` that of `/v1` where it differs. `provider_used` names the
    provider where no reply has begun. `reason` is a code, too, and may be finer. `detail` is the
    provider's own sentence, cleaned of addresses, paths and keys; `field` the part of the request
    that it names. Both may be empty.
    """

    code = "provider_error"
    retryable = True
    http_status = 502
    v1_status: int | None = None
    provider_used = ""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        detail: str = "",
        field: str = "",
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.detail = detail
        self.field = field
        self.reason = reason or self.code


class ProviderUnavailable(ProviderError):
    code = "provider_unavailable"
    v1_status = 503


class ProviderBusy(ProviderError):
    code = "provider_busy"
    http_status = 503


class ModelLoading(ProviderBusy):
    pass


class ProviderRateLimited(ProviderError):
    code = "provider_rate_limited"
    http_status = 503


class ProviderTimeout(ProviderError):
    code = "provider_timeout"
    http_status = 504


class ProviderAuthFailed(ProviderError):
    code = "provider_auth_failed"
    retryable = False


class ModelNotFound(ProviderError):
    code = "model_not_found"
    retryable = False
    v1_status = 404


class RequestRefused(ProviderError):
    code = "provider_refused"
    retryable = False
    v1_status = 400


class ContextTooLong(RequestRefused):
    """`window` and `prompt_tokens` are the provider's numbers, where its refusal names them. The
    provider then remembers the window: `Provider.window` returns it from now on. `reply_tokens` is
    how much reply was asked for: a prompt that fits may leave too little room for it."""

    code = "context_length_exceeded"

    def __init__(
        self,
        message: str,
        *,
        window: int | None = None,
        prompt_tokens: int | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(message, detail=detail)
        self.window = window
        self.prompt_tokens = prompt_tokens
        self.reply_tokens: int | None = None


class SystemRoleRefused(RequestRefused):
    pass


class NotSupported(RequestRefused):
    code = "not_supported"
    http_status = 400


class ModelCannotSee(RequestRefused):
    code = "model_cannot_see"
    http_status = 400


class ProviderFailed(ProviderError):
    code = "provider_failed"


class ProviderRedirected(ProviderError):
    code = "provider_redirected"
    retryable = False


class ReplyTooLong(ProviderError):
    code = "reply_too_long"
    retryable = False


class StreamBroken(ProviderError):
    code = "stream_broken"
