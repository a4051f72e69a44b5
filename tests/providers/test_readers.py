"""The readers of bytes: where a stream is cut into pieces makes no difference."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.ndjson import LineSafeTransport
from providers.stream_reader import BodyForm, StreamReader
from providers.surrogates import HalfJoiner

# Many of the characters that matter: line separators, their lead bytes in other characters.
_TEXT = st.text(st.sampled_from('a\\"\u0085\u2028\u2029\n\r\x0bÂâ—…\u20ac😀{}'), max_size=30)
_CUTS = st.lists(st.integers(0, 400), max_size=8)


def _pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


class _Wire(httpx.AsyncBaseTransport):
    """Answers with the given pieces."""

    def __init__(
        self, pieces: list[bytes], headers: dict[str, str] | None = None, status: int = 200
    ) -> None:
        self._pieces = pieces
        self._headers = headers
        self._status = status

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async def body() -> AsyncIterator[bytes]:
            for piece in self._pieces:
                yield piece

        return httpx.Response(self._status, content=body(), headers=self._headers, request=request)


async def _lines(pieces: list[bytes]) -> list[str]:
    transport = LineSafeTransport(_Wire(pieces))
    async with (
        httpx.AsyncClient(transport=transport) as client,
        client.stream("POST", "http://x/api/chat") as response,
    ):
        return [line async for line in response.aiter_lines()]


@settings(deadline=None)
@given(texts=st.lists(_TEXT, max_size=4), cuts=_CUTS)
def test_each_json_line_stays_one_line(texts: list[str], cuts: list[int]) -> None:
    data = "".join(json.dumps({"t": text}, ensure_ascii=False) + "\n" for text in texts).encode()
    lines = asyncio.run(_lines(_pieces(data, cuts)))
    assert [json.loads(line)["t"] for line in lines] == texts


@pytest.mark.parametrize(
    ("status", "path", "headers"),
    [
        (200, "/api/chat", {"content-encoding": "unknown"}),
        (500, "/api/chat", {}),
        (200, "/api/tags", {}),
    ],
)
async def test_anything_but_a_streamed_chat_is_left_alone(
    status: int, path: str, headers: dict[str, str]
) -> None:
    wire = _Wire([b"a\n\n\xc2\x85"], headers, status)
    async with httpx.AsyncClient(transport=LineSafeTransport(wire)) as client:
        assert (await client.get(f"http://x{path}")).content == b"a\n\n\xc2\x85"


@settings(deadline=None)
@given(texts=st.lists(_TEXT, max_size=4), cuts=_CUTS, end=st.sampled_from(["\n", "\r\n"]))
def test_events_do_not_depend_on_the_cuts(texts: list[str], cuts: list[int], end: str) -> None:
    sent = [json.dumps(text, ensure_ascii=False) for text in texts]
    data = "".join(f": ping{end}{end}data: {text}{end}{end}" for text in sent).encode()
    reader = StreamReader()
    events = [event for piece in _pieces(data, cuts) for event in reader.feed(piece)]
    assert events + reader.end() == sent


def test_last_event_without_its_blank_line() -> None:
    reader = StreamReader()
    assert [*reader.feed(b"data: one\n\ndata:two")] == ["one"]
    assert reader.end() == ["two"]


def test_event_of_several_lines() -> None:
    assert [*StreamReader().feed(b"event: x\ndata: a\ndata: b\nid: 3\n\n")] == ["a\nb"]


@pytest.mark.parametrize("cut", range(12))
@pytest.mark.parametrize(
    ("body", "form", "events"),
    [
        (b'{"a":\n1}\n\n', BodyForm.DOCUMENT, ['{"a":\n1}']),
        (b'\xef\xbb\xbf\n{\n  "a": "}\\n"\n}', BodyForm.DOCUMENT, ['{\n  "a": "}\\n"\n}']),
        (b'{"a":1}', BodyForm.JSON, ['{"a":1}']),
        (b'{"a":1}\r\n\r\n{"a":2}\n', BodyForm.LINES, ['{"a":1}', '{"a":2}']),
        (b'{"a":"\\ud83d"}\n{"a":2}', BodyForm.LINES, ['{"a":"\\ud83d"}', '{"a":2}']),
        (b'\n: ping\n\ndata: {"a":1}\n\n', BodyForm.EVENTS, ['{"a":1}']),
    ],
)
def test_a_body_is_read_for_what_it_is(
    cut: int, body: bytes, form: BodyForm, events: list[str]
) -> None:
    reader = StreamReader()
    found = [event for piece in (body[:cut], body[cut:]) for event in reader.feed(piece)]
    assert found + reader.end() == events
    assert reader.form is form


def test_a_page_is_no_reply() -> None:
    with pytest.raises(ValueError, match="page"):
        StreamReader().feed(b"\n<html>")


@given(text=st.text(st.sampled_from("a\ud83d\ude00\U0001f600"), max_size=8), cut=st.integers(0, 8))
def test_halves_of_a_character_are_joined(text: str, cut: int) -> None:
    """Wherever it was cut; a half that stays alone is replaced."""
    joiner = HalfJoiner()
    joined = joiner.join(text[:cut]) + joiner.join(text[cut:]) + joiner.join("", ends=True)
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert joined == whole
