"""What a server has freed, the system has again."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from streaming import allocator
from streaming.allocator import Trimmer
from tests.harness.clerk import ROOT

# Hashes passwords as sign-in does, each in 16 MB, in many threads at once; then parses and forgets
# much JSON. Prints by how many MB the process is larger than before.
WORK = """
import hashlib, json
from concurrent.futures import ThreadPoolExecutor
from streaming import allocator

def hashed(_):
    hashlib.scrypt(b"password", salt=b"salt", n=2**14, r=8, p=1, maxmem=2**26)

def parsed(number):
    return len(json.loads(json.dumps([{"text": "é" * 900_000, "number": number}] * 3)))

def work():
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(hashed, range(24)))
        list(threads.map(parsed, range(24)))

allocator.give_back()
before = allocator._resident()
work()
print((allocator._resident() - before) / 1e6)
"""


def test_what_many_threads_have_freed_is_given_back() -> None:
    command = [sys.executable, "-c", WORK]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    assert float(told) < 10  # glibc by itself keeps 267 MB


async def test_where_the_allocator_is_another_nothing_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: SimpleNamespace())  # as with musl
    allocator.give_back()
    trimmer = Trimmer()
    trimmer.start()
    await trimmer.aclose()
