"""An upgrade as `deploy/upgrade` does it, from the version in `deploy/previous-release` to this:
old and new servers beside each other, on one database and one Redis."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.checkout import PREVIOUS, check_out
from tests.harness.clerk import ROOT
from tests.harness.place import Person, place_at
from tests.harness.server import ChatServer
from tests.harness.sockets import Socket


@pytest.fixture
def old(postgresql, redis_server, tmp_path: Path):
    """A running server of the version before, with tables of its own making."""
    server = ChatServer(
        "uvicorn",
        tmp_path / "old",
        checkout=check_out(PREVIOUS, tmp_path / "checkout"),
        DATABASE_URL=postgresql.database(migrated=False),
        REDIS_URL=redis_server.fresh(),
        SECRET_KEY="shared by the processes of one installation",
    )
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def new(old: ChatServer, tmp_path: Path):
    """A server of this version beside it; not yet started."""
    server = ChatServer("uvicorn", tmp_path / "new", beside=old)
    try:
        yield server
    finally:
        server.close()


def migrate(server: ChatServer) -> None:
    """Bring the tables up to this version, as `deploy/prepare` does."""
    command = [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=server.environment, check=True)


def page_socket(person: Person, chat: str, server: ChatServer) -> Socket:
    """One with the session that the old version gave."""
    headers = {"Cookie": f"sessionid={person.session}", "Origin": server.url}
    return Socket(f"ws://{server.address}/ws/chat/{chat}/", headers, person.place.offer)


async def test_old_and_new_servers_beside_each_other(old: ChatServer, new: ChatServer):
    """A reply that runs on the old one goes on through the migration and is followed on the new
    one; both serve; stopping works across; who is signed in stays so when the old one has ended."""
    async with place_at(old) as place:
        person = await place.person()
        chat = await person.conversation()
        gate = place.ollama.gate("a")
        async with person.socket(chat, port=old.port) as before:
            await before.ask("first", model="gate:id=a,n=5")
            start = await before.next("message_start")
            gate.release(2)
            await before.next("delta", id=start["id"])
            migrate(old)
            new.start()
            async with page_socket(person, chat, new) as after:
                snapshot = await after.next("message_start", id=start["id"])
                gate.open()
                ends = [await one.next("message_end", id=start["id"]) for one in (before, after)]
                assert [end["status"] for end in ends] == ["completed", "completed"]
                assert ends[0]["full_content"] == ends[1]["full_content"]
                assert ends[0]["full_content"].startswith(snapshot["content"])

                # Each begins one that the other follows.
                for asked, other in ((after, before), (before, after)):
                    client_id = await asked.ask("again", model="normal")
                    begun = await other.next("message_start", client_id=client_id)
                    end = await other.next("message_end", id=begun["id"])
                    assert end["status"] == "completed"

                # Stopped from the other version.
                client_id = await before.ask("stop", model="gate:id=b,n=5")
                begun = await before.next("message_start", client_id=client_id)
                await after.stop(begun["id"])
                end = await before.next("message_end", id=begun["id"])
                assert end["status"] == "stopped"

        old.terminate()
        rest = person.rest_at(new)
        messages = await rest.messages(chat)
        assert len(messages) == 8
        for word in ("first", "again", "stop"):  # whichever wrote it
            answer = await rest.get(f"/api/conversations/?search={word}")
            (found,) = answer.json()["results"]
            assert found["match"]["message_id"] in [row["id"] for row in messages]
        async with page_socket(person, chat, new) as socket:
            assert (await socket.reply("after it", model="normal"))["status"] == "completed"
    for server in (old, new):
        assert "Traceback" not in server.log, server.log
