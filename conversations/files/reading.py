"""Has a file read by a process of its own (`reader`), within limits of time and memory."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Final

# Seconds for one file, its start included.
PATIENCE: Final = 30.0
# The file in the folder that is read.
UPLOAD: Final = "upload"
ROOT: Final = Path(__file__).resolve().parents[2]

TOO_SLOW: Final = {"code": "too_slow", "message": "The file took too long to read."}
FAILED: Final = {"code": "unreadable", "message": "The file cannot be read."}


async def run(folder: Path, media_type: str) -> dict[str, Any]:
    """Return what the reader tells of `upload` in a folder: columns of `FileContent`, or `error`.
    Cancelling ends the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "conversations.files.reader", str(folder), media_type),
        cwd=ROOT,
        env={"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None  # noqa: S101 - for mypy
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await process.stdout.readline()
            await process.wait()
        reading: dict[str, Any] = json.loads(answer)
    except TimeoutError:
        return {"error": TOO_SLOW}
    except ValueError:  # it was ended, as by the limit of its processor time
        return {"error": FAILED}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return reading
