"""The process that reads one file: `python -m conversations.files.reader FOLDER MEDIA_TYPE`.

Whatever is in a file, it costs this process at most the limits below, and harms no other. It reads
`upload` in the folder, writes what it made of it beside it, and prints one JSON object: the columns
of `FileContent` that it found, or `{"error": {"code", "message"}}`. Knows no Django, and gets no
setting and no secret.
"""

import json
import resource
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from conversations.files.unreadable import DAMAGED, TOO_LARGE, Unreadable

# Bytes of memory, seconds of processor time, bytes of one file that it writes, open files.
LIMITS: Final = {
    resource.RLIMIT_AS: 512 * 1024**2,
    resource.RLIMIT_CPU: 30,
    resource.RLIMIT_FSIZE: 64_000_000,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,
}


def read(folder: Path, media_type: str) -> dict[str, Any]:
    """Read the upload in a folder. Raises `Unreadable`."""
    # The libraries are imported on first use: each takes time and memory.
    if media_type.startswith("image/"):
        from conversations.files import images

        return images.encode(folder, media_type)
    from conversations.files import documents

    return documents.read(folder, media_type)


def main() -> None:
    for limit, most in LIMITS.items():
        with suppress(ValueError):  # macOS has no limit of memory
            resource.setrlimit(limit, (most, most))
    with suppress(OSError):  # where memory runs out all the same, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000")
    warnings.simplefilter("ignore")  # of the libraries, about the file
    folder, media_type = sys.argv[1:]
    try:
        answer = read(Path(folder), media_type)
    except Unreadable as problem:
        answer = {"error": {"code": problem.code, "message": problem.message}}
    except MemoryError:
        answer = {"error": {"code": TOO_LARGE.code, "message": TOO_LARGE.message}}
    except Exception:  # noqa: BLE001 - the libraries raise anything at a hostile file
        answer = {"error": {"code": DAMAGED.code, "message": DAMAGED.message}}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
