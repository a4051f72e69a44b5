"""The text frames written under daphne are those of the library that uvicorn uses."""

import pytest
from websockets.frames import Frame, Opcode

from project.servers.text_frames import text_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 2**16 - 1, 2**16])
def test_a_frame_is_that_of_the_library(size: int) -> None:
    for text in ("a" * size, "é" * (size // 2) + "a" * (size % 2)):
        assert text_frame(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
