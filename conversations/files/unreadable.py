"""The reasons why a file cannot be read. The process that reads files uses it: no Django."""

from typing import Final


class Unreadable(Exception):
    """The file cannot be read, and why, for a program and for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


DAMAGED: Final = Unreadable("damaged", "The file is damaged or not what it claims to be.")
TOO_LARGE: Final = Unreadable("too_large", "The file needs more memory than it may have.")
