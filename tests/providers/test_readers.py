"""The readers of bytes: where a stream is cut into pieces makes no difference."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.ndjson import LineSafeTransport
from providers.sse import DocumentReader, EventReader

# Many of the characters that matter: line separators, their lead bytes in other characters.
_TEXT = st.text(st.sampled_from('a\\"\u0085\u2028\u2029\n\r\x0bÂâ—…\u20ac😀{}'), max_size=30)
_CUTS = st.lists(st.integers(0, 400), max_size=8)


def _pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


class _Wire(httpx.AsyncBaseTransport):
    """Answers with the given pieces."""

    def __init__(self, pieces: list[bytes], headers: dict[str, str] | None = None) -> None:
        self._pieces = pieces
        self._headers = headers

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async def body() -> AsyncIterator[bytes]:
            for piece in self._pieces:
                yield piece

        return httpx.Response(200, content=body(), headers=self._headers, request=request)


async def _lines(pieces: list[bytes]) -> list[str]:
    transport = LineSafeTransport(_Wire(pieces))
    async with (
        httpx.AsyncClient(transport=transport) as client,
        client.stream("GET", "http://x") as response,
    ):
        return [line async for line in response.aiter_lines()]


@settings(deadline=None)
@given(texts=st.lists(_TEXT, max_size=4), cuts=_CUTS)
def test_each_json_line_stays_one_line(texts: list[str], cuts: list[int]) -> None:
    data = "".join(json.dumps({"t": text}, ensure_ascii=False) + "\n" for text in texts).encode()
    lines = asyncio.run(_lines(_pieces(data, cuts)))
    assert [json.loads(line)["t"] for line in lines] == texts


async def test_bytes_that_end_inside_a_character_are_passed_on() -> None:
    """What is cut off stays visible as such."""
    transport = LineSafeTransport(_Wire([b"a\xe2", b"\x80"]))
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await client.get("http://x")).content == b"a\xe2\x80"


async def test_compressed_bytes_are_left_alone() -> None:
    coded = _Wire([b"\xc2\x85"], {"content-encoding": "unknown"})
    async with httpx.AsyncClient(transport=LineSafeTransport(coded)) as client:
        assert (await client.get("http://x")).content == b"\xc2\x85"


@settings(deadline=None)
@given(texts=st.lists(_TEXT, max_size=4), cuts=_CUTS, end=st.sampled_from(["\n", "\r\n"]))
def test_events_do_not_depend_on_the_cuts(texts: list[str], cuts: list[int], end: str) -> None:
    sent = [json.dumps(text, ensure_ascii=False) for text in texts]
    data = "".join(f": ping{end}{end}data: {text}{end}{end}" for text in sent).encode()
    reader = EventReader()
    events = [event for piece in _pieces(data, cuts) for event in reader.feed(piece)]
    assert events + reader.end() == sent


def test_last_event_without_its_blank_line() -> None:
    reader = EventReader()
    assert reader.feed(b"data: one\n\ndata:two") == ["one"]
    assert reader.end() == ["two"]


def test_event_of_several_lines() -> None:
    assert EventReader().feed(b"event: x\ndata: a\ndata: b\nid: 3\n\n") == ["a\nb"]


def test_document_is_one_event() -> None:
    reader = DocumentReader()
    assert reader.feed(b'{"a":') == []
    assert reader.feed(b"1}\n\n") == []
    assert reader.end() == ['{"a":1}\n\n']
