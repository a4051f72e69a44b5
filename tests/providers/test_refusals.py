"""What servers say, and the sentence that we make of it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers import errors
from providers.refusals import Refusal, read_error, read_response, refusal_error


def _error_for(status: int, body: str, **headers: str) -> errors.ProviderError:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal_error(read_response(status, names, body.encode()), "Ollama", "m")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, '{"error":"model \\"m\\" not found, try pulling it first"}', errors.ModelNotFound),
        (400, '{"error":"model is required"}', errors.RequestRefused),
        (400, '{"error":"\\"m\\" does not support chat"}', errors.RequestRefused),
        (400, '{"error":"the prompt is longer than the context length"}', errors.ContextTooLong),
        (500, '{"error":"llama runner process: cudaMalloc failed"}', errors.ProviderFailed),
        (500, '{"error":{"code":500,"message":"no slot available"}}', errors.ProviderBusy),
        (503, '{"error":{"code":503,"message":"Loading model"}}', errors.ModelLoading),
        (502, '{"error":"upstream unreachable"}', errors.ProviderFailed),
        (504, "upstream timed out", errors.ProviderTimeout),
        (408, "", errors.ProviderTimeout),
        (413, "<html>too large</html>", errors.ProviderFailed),
        (413, '{"detail":"too large"}', errors.RequestRefused),
        (422, '{"detail":[{"loc":["body"]}]}', errors.RequestRefused),
        (401, "", errors.ProviderAuthFailed),
        (499, '{"error":"request canceled"}', errors.RequestRefused),
        (500, "", errors.ProviderFailed),
    ],
)
def test_error(status: int, body: str, error: type[errors.ProviderError]) -> None:
    assert type(_error_for(status, body)) is error


def test_error_inside_an_error() -> None:
    """Ollama passes on the JSON of its engine as a text."""
    inner = '{"error":{"code":400,"message":"too big","type":"exceed_context_size_error"}}'
    assert read_error({"error": inner}) == Refusal(
        text="too big", code="400 exceed_context_size_error"
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("1.5", 1.5), ("soon", None), ("-3", None), ("1e9", None), ("99999", None)],
)
def test_retry_after_number(value: str, seconds: float | None) -> None:
    assert _error_for(429, "", retry_after=value).retry_after == seconds


def test_retry_after_date_and_milliseconds() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30))
    found = _error_for(503, "", retry_after=date).retry_after
    assert found is not None
    assert 25 < found <= 30
    assert _error_for(429, "", retry_after="9", retry_after_ms="1500").retry_after == 1.5


def test_field_is_named_only_when_it_is_a_name() -> None:
    """A server could put anything there."""
    for parameter in ("<b>x</b>", "a" * 50, "see http://x"):
        sentence = str(refusal_error(Refusal(status=400, fields=(parameter,)), "Ollama", "m"))
        assert sentence == "Ollama refused the request."


@settings(deadline=None)
@given(
    status=st.sampled_from([None, *range(400, 430), *range(500, 512)]),
    text=st.text(max_size=200),
    code=st.text(max_size=30),
    model=st.sampled_from(["", "m"]),
)
def test_nothing_of_the_server_reaches_people(
    status: int | None, text: str, code: str, model: str
) -> None:
    """Whatever a server says, the sentence is one of ours."""
    marked = Refusal(status=status, text=f"{text} zebra http://x", code=f"{code} zebra")
    sentence = str(refusal_error(marked, "Ollama", model))
    assert "zebra" not in sentence
    assert "http" not in sentence
    assert sentence[0].isupper()
    assert sentence.endswith((".", "?"))


@settings(deadline=None)
@given(st.integers(400, 599), st.binary(max_size=300))
def test_any_body_is_error_for(status: int, body: bytes) -> None:
    assert isinstance(
        refusal_error(read_response(status, {}, body), "Ollama", "m"), errors.ProviderError
    )
