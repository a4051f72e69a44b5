"""How the server writes its log: one line per record."""

import logging
import re
import traceback
from pathlib import Path
from types import TracebackType

# What would end a line, or move the cursor of a terminal: a model, a file or a client may have it
# in its name.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


# What no line tells, and each record would look up (the logging HOWTO of Python, "Optimization").
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class OneLineFormatter(logging.Formatter):
    """Tells an exception by its type and place, never by its text or its stack.

    The text of an exception may quote what a user wrote, a key or an address; the type and the
    innermost frames are enough to find the line.
    """

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        kind, _, stack = ei
        frames = traceback.extract_tb(stack)[-4:]
        places = " < ".join(
            f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames)
        )
        return f"{kind.__name__ if kind else 'error'} at {places or 'unknown'}"

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler's formatter may have left its own form
        line = _CONTROL.sub(_escaped, super().format(record).replace("\n", " | "))
        record.exc_text = None
        return line
