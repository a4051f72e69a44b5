"""Under daphne, a large body holds up nobody while it is handed to the application."""

import asyncio
import io
import subprocess
import sys

from project.servers.daphne_bodies import PIECE, Reader
from tests.harness.clerk import ROOT

# Sends daphne's own classes a large body, with an application that is never run. Prints how far the
# body was read by them, how far by the application, and what an unreadable request gets.
WORK = """
import asyncio, os
os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
import django
django.setup()
from daphne.http_protocol import HTTPFactory
from daphne.server import Server
from twisted.internet.testing import StringTransportWithDisconnection
from project.servers import daphne_bodies

requests = []

def create_application(server, request, scope):
    requests.append((request, server.application))
    return asyncio.Queue()

async def main():
    async def may_send(*asked):
        return True

    daphne_bodies.may_send = may_send
    Server.create_application = create_application
    daphne_bodies.adapt()
    server = Server(read, ["unused"])
    server.connections = {}
    for header, size in ((b"X-A: b", 3_000_000), (b"X-A: b\\x1cb", 3)):
        transport = StringTransportWithDisconnection()
        transport.protocol = HTTPFactory(server).buildProtocol(None)
        transport.protocol.makeConnection(transport)
        head = b"POST /v1/x HTTP/1.1\\r\\nHost: x\\r\\n%s\\r\\nContent-Length: %d\\r\\n\\r\\n"
        transport.protocol.dataReceived(head % (header, size))
        transport.protocol.dataReceived(b"x" * size)
    (request, reading), = requests
    print(request.content.tell())
    await reading({}, got, None)
    print(transport.value().split(b"\\r\\n")[0].decode())

async def got():
    return {"type": "http.request", "body": b"", "more_body": False}

async def read(scope, receive, send):
    size = 0
    while True:
        message = await receive()
        size += len(message["body"])
        if not message["more_body"]:
            break
    print(size)

asyncio.run(main())
"""


def test_daphne_itself_reads_none_of_it() -> None:
    command = [sys.executable, "-c", WORK]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    assert told.splitlines() == ["0", "3000000", "HTTP/1.1 400 Bad Request"]


async def test_others_run_between_two_pieces() -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    rounds = 0

    async def others() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    reader = Reader(io.BytesIO(b"x" * PIECE * 3 + b"y"), receive)
    seen, bodies, more = [], [], True
    while more:
        message = await reader.receive()
        bodies.append(message["body"])
        seen.append(rounds)
        more = message["more_body"]
    beside.cancel()
    assert b"".join(bodies) == b"x" * PIECE * 3 + b"y"
    assert seen[0] < seen[1] < seen[2]
