"""Everything that can go wrong between us and a provider.

    ProviderError
    ├── ProviderUnavailable      nothing answers there: refused, unknown host, closed before a byte
    ├── ProviderBusy             it is there and has no room: 503, its own queue is full
    ├── ProviderRateLimited      429
    ├── ProviderTimeout          no first byte, or no next byte, within our patience
    ├── ProviderAuthFailed       401, 403: key missing, wrong, or not allowed
    ├── ModelNotFound            it does not have that model
    ├── RequestRefused           400: the model cannot do what was asked
    │   └── ContextTooLong       the prompt does not fit the model's window
    ├── ProviderFailed           500, an error line in the stream, a page of HTML
    └── StreamBroken             the stream ended before the reply did

A provider raises nothing else (and `asyncio.CancelledError`). `str(error)` is a sentence for the
person who waits for the reply: no URL, no key, no text of the library's own, no prompt.
"""


class ProviderError(Exception):
    """A provider could not answer. `code` is for programs; `retryable` tells whether the same
    request may succeed later; `http_status` is what a REST caller of ours gets; `provider_used`
    is who it was, where no reply had begun that says so."""

    code = "provider_error"
    retryable = True
    http_status = 502
    provider_used = ""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class ProviderUnavailable(ProviderError):
    code = "provider_unavailable"


class ProviderBusy(ProviderError):
    code = "provider_busy"
    http_status = 503


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


class RequestRefused(ProviderError):
    code = "provider_refused"
    retryable = False


class ContextTooLong(RequestRefused):
    code = "context_length_exceeded"


class ProviderFailed(ProviderError):
    code = "provider_failed"


class StreamBroken(ProviderError):
    code = "stream_broken"
