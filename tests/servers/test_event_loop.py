"""Below daphne's Twisted is uvloop, however daphne was started; and it serves as before."""

import subprocess
import sys

SCRIPT = """
import asyncio, sys
import daphne.server
from twisted.internet import reactor, threads

plain = reactor._asyncioEventloop
import project.asgi
print(type(reactor._asyncioEventloop).__module__, plain.is_closed())

def ended(result):
    print(result)  # a thread wakes the loop
    reactor.callLater(0.01, reactor.stop)

async def is_running():
    await asyncio.sleep(0.01)
    print(asyncio.get_running_loop() is reactor._asyncioEventloop)

def begin():
    reactor._asyncioEventloop.create_task(is_running())
    threads.deferToThread(lambda: "from a thread").addCallback(ended)

reactor.callWhenRunning(begin)
reactor.callLater(20, sys.exit, 1)
reactor.run()
"""


def test_daphne_runs_on_uvloop():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )
    first, *rest = done.stdout.splitlines()
    assert first == "uvloop True", done.stderr
    assert sorted(rest) == ["True", "from a thread"]
    assert done.returncode == 0
