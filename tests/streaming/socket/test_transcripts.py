"""The transcripts that the page's reducer is tested with, folded here: both agree."""

import json
from pathlib import Path

import pytest

from streaming.events import SERVER_EVENTS
from tests.harness.fold import Thread

FILES = sorted((Path(__file__).parents[2] / "transcripts").glob("*.json"))


def read(file: Path) -> dict:
    return json.loads(file.read_text())


def test_there_are_transcripts():
    """None is missed by looking in the wrong place."""
    assert len(FILES) > 8


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_folding_a_transcript_gives_its_messages(file: Path):
    """The messages, the head, and the replies for which `follow` has to be sent."""
    transcript = read(file)
    thread = Thread(transcript["events"])
    assert len(thread.messages) == len(transcript["messages"])
    for folded, stored in zip(thread.messages, transcript["messages"], strict=True):
        assert {name: folded[name] for name in stored} == stored
    assert thread.follows == transcript.get("follows", [])
    assert thread.head_id == transcript["messages"][-1]["id"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_transcript_told_twice_folds_to_the_same(file: Path):
    """Events that come again change nothing in the end."""
    transcript = read(file)
    thread = Thread(transcript["events"] * 2)
    for folded, stored in zip(thread.messages, transcript["messages"], strict=True):
        assert {name: folded[name] for name in stored} == stored


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_transcript_holds_what_the_server_can_send(file: Path):
    """Its events have the fields of the server's, and no others."""
    for event in read(file)["events"]:
        required, optional = SERVER_EVENTS[event["type"]]
        names = set(event) - {"type"}
        assert required <= names <= required | optional, event
