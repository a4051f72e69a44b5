"""Passes on once a text that a server may send in two fields. Pure."""

from typing import Self


class Telling:
    """The text from one field so far; `other` is the state of the other field."""

    def __init__(self) -> None:
        self.differs = False
        self.other: Self
        self._pieces: list[str] = []
        self._letters = bytearray()  # of the pieces that were compared
        self._compared = 0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def text(self) -> str:
        return "".join(self._pieces)

    @property
    def letters(self) -> bytearray:
        """All but the white space, in which the two may differ."""
        for piece in self._pieces[self._compared :]:
            self._letters += _letters(piece)
        self._compared = len(self._pieces)
        return self._letters

    def add(self, piece: str) -> str:
        """Add the next piece, and return what of it the other place has not told. `differs` is
        true from the piece on that says something else."""
        if not self.other or self.differs or self.other.differs:
            self._pieces.append(piece)
            return piece
        mine, theirs = len(self.letters), self.other.letters
        added = _letters(piece)
        self._pieces.append(piece)
        expected = theirs[mine : mine + len(added)]
        self.differs = added[: len(expected)] != expected
        if self.differs or mine > len(theirs):
            return piece
        return "" if len(expected) == len(added) else _after(piece, len(expected))


class ToldTwice:
    """The two tellings of a text."""

    def __init__(self) -> None:
        self.first = Telling()
        self.forget_second()

    def forget_second(self) -> None:
        """Note that the second field has a text of its own."""
        self.second = Telling()
        self.first.other, self.second.other = self.second, self.first
        self.first.differs = False


def _letters(text: str) -> bytes:
    return "".join(text.split()).encode("utf-8", "surrogatepass")


def _after(piece: str, letters: int) -> str:
    """The piece after so many of the bytes in `_letters`."""
    for index, character in enumerate(piece):
        if letters <= 0:
            return piece[index:]
        letters -= len(_letters(character))
    return ""
