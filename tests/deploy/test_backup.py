"""A backup has everything, goes into either database, and is taken in whole or not at all."""

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from project import backup
from tests.harness.clerk import ROOT, Clerk
from tests.harness.server import VARIABLES


class Installation:
    """A database of its own, with the commands that work on it."""

    def __init__(self, url: str, files: Path) -> None:
        ours = {
            "DATABASE_URL": url,
            "SECRET_KEY": "k0jNXwLq4v7RtZb2Pm" * 4,
            "CHAT_FILES_DIR": str(files),
        }
        self.environment = {**os.environ, **dict.fromkeys(VARIABLES, ""), **ours}
        self.environment["WEB_CONCURRENCY"] = "1"

    def run(self, *command: object, **options: Any) -> subprocess.CompletedProcess[Any]:
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, command)],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            **{"text": True, **options},
        )

    def ok(self, *command: object) -> str:
        done = self.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *command: object) -> str:
        done = self.run(*command)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr

    def clerk(self, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
        clerk = Clerk(self.environment)
        try:
            return [clerk(name, **arguments) for name, arguments in calls]
        finally:
            clerk.close()

    def finds(self, user: str, word: str) -> int:
        """How many of the account's conversations have the word, by the index."""
        code = (
            "from conversations.threads import search; from conversations.models import User; "
            f"print(len(search.hits(user=User.objects.get(username={user!r}), query={word!r})))"
        )
        return int(self.ok("shell", "--no-imports", "-c", code))


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """One with two people, conversations with branches, keys, and what people write."""
    folder = tmp_path_factory.mktemp("sqlite")
    made = Installation(f"sqlite:///{folder / 'first.sqlite3'}", folder / "files")
    made.clerk(("person", {"name": "ada", "staff": True}), ("person", {"name": "grace"}))
    made.ok("shell", "--no-imports", "-c", CONVERSATIONS)
    return made


@pytest.fixture(scope="module")
def file(sqlite: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of that."""
    path = tmp_path_factory.mktemp("backup") / "b.zip"
    sqlite.ok("backup", path)
    return path


CONVERSATIONS = """
from datetime import timedelta
from django.utils import timezone
from conversations.models import *
ada = User.objects.get(username="ada")
for number in range(3):
    chat = Conversation.objects.create(user=ada, title=f"Zürich \U0001f600 {number}",
        settings={"temperature": 0.1, "model": None, "nested": {"of": ["things", 1.5, True]}})
    now, above = timezone.now(), None
    for turn in range(25):
        made = Message.objects.create(conversation=chat, parent=above, role="user",
            content=f"lighthouse {turn} \u2028 \ufffd 'quoted'", created_at=now, completed_at=now,
            tokens={"prompt": 2**53 + 1} if turn else None)
        for version in range(2):
            reply = Message.objects.create(conversation=chat, parent=made, role="assistant",
                content="x" * (turn * 4000), reasoning="why", status="stopped", seq=turn,
                created_at=now + timedelta(microseconds=version), completed_at=now)
        above = reply
    Message.objects.create(conversation=chat, parent=above, role="assistant", status="streaming")
    chat.head = above
    chat.save()
    QueuedMessage.objects.create(conversation=chat, client_id=new_id(), content="later")
from conversations.threads import storage
storage.count_all()
from conversations.files import services
import io
data = b"%PDF-" + bytes(range(256))
for name in ("a.pdf", "b.txt"):
    file, _ = services.add(owner=ada, upload=io.BytesIO(data), size=261, name=name)
Attachment.objects.create(message=made, file=file, position=0)
"""


def rows(path: Path) -> dict[str, bytes]:
    """What a backup holds, by table."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name != "manifest.json"]
        return {name: archive.read(name) for name in names}


def test_from_sqlite_to_postgresql_and_back(sqlite, file: Path, postgresql, tmp_path: Path):
    """Three databases hold the same rows, byte for byte, find the same words, and go on."""
    other = Installation(postgresql.database(migrated=False), tmp_path / "files of the other")
    third = Installation(f"sqlite:///{tmp_path / 'third.sqlite3'}", tmp_path / "files")
    files = [file, tmp_path / "2.zip", tmp_path / "3.zip"]
    for number, installation in enumerate((other, third)):
        installation.ok("restore", files[number])
        installation.ok("backup", files[number + 1])
    first, second, last = map(rows, files)
    assert {name: table.count(b"\n") for name, table in first.items()}["Message.jsonl"] == 3 * 76
    assert first == second == last
    (stored,) = [name for name in first if name.startswith("files/")]
    assert first[stored].startswith(b"%PDF-")
    assert file.stat().st_mode & 0o077 == 0
    for installation in (sqlite, other, third):
        assert installation.finds("ada", "lightho") == 3
        assert installation.finds("grace", "lightho") == 0
    # What comes after the restore has numbers of its own.
    other.ok("shell", "--no-imports", "-c", CONVERSATIONS)
    assert other.finds("ada", "lightho") == 6


def test_keys_of_other_servers_are_left_out_unless_they_are_asked_for(tmp_path: Path):
    """And are encrypted then, too; the rows are the same but for that."""
    made = Installation(f"sqlite:///{tmp_path / 'first.sqlite3'}", tmp_path / "files")
    made.ok("migrate", "-v0")
    made.ok("shell", "--no-imports", "-c", CONNECTION)
    plain, whole = tmp_path / "plain.zip", tmp_path / "whole.zip"
    made.ok("backup", plain)
    made.ok("backup", whole, "--with-secrets")
    for path, keys in ((plain, 0), (whole, 2)):
        [row] = rows(path)["Connection.jsonl"].splitlines()
        fields = json.loads(row)
        assert sum(bool(fields[name]) for name in ("api_key", "headers")) == keys
        assert (fields["name"], b"sk-secret" in path.read_bytes() + row) == ("second", False)


CONNECTION = """
from conversations.connections import services
services.create(fields={"name": "second", "kind": "openai", "base_url": "http://127.0.0.1:9",
    "api_key": "sk-secret-1", "headers": {"X-Key": "sk-secret-2"}})
"""


def test_through_pipes(sqlite: Installation, tmp_path: Path):
    """`backup -` writes the file and nothing else to standard output, `restore -` reads it."""
    empty = Installation(f"sqlite:///{tmp_path / 'piped.sqlite3'}", tmp_path / "files")
    piped = sqlite.run("backup", "-", text=False)
    assert piped.returncode == 0, piped.stderr
    assert b"Message" in piped.stderr
    restored = empty.run("restore", "-", text=False, input=piped.stdout)
    assert restored.returncode == 0, restored.stderr
    assert empty.finds("ada", "lightho") == 3


def test_only_into_an_empty_database(sqlite: Installation, file: Path):
    """What is there stays as it is."""
    assert "not empty" in sqlite.refused("restore", file)
    assert "already exists" in sqlite.refused("backup", file)
    assert "cannot be written" in sqlite.refused("backup", file.parent / "nowhere" / "b.zip")


def changed(path: Path, folder: Path, change: Any) -> Path:
    """A copy of a backup with other members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    copy = folder / "changed.zip"
    with zipfile.ZipFile(copy, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return copy


def _edit(members: dict[str, bytes]) -> None:
    members["Message.jsonl"] = members["Message.jsonl"].replace(b"lighthouse 7 ", b"lighthouse 8 ")


def _lose_a_line(members: dict[str, bytes]) -> None:
    members["Message.jsonl"] = members["Message.jsonl"].split(b"\n", 1)[1]


def _lose_a_table(members: dict[str, bytes]) -> None:
    del members["User.jsonl"]


def _edit_a_file(members: dict[str, bytes]) -> None:
    (name,) = [name for name in members if name.startswith("files/")]
    members[name] = members[name].replace(b"PDF", b"PS!")


def _lose_the_manifest(members: dict[str, bytes]) -> None:
    del members["manifest.json"]


def _newer(members: dict[str, bytes]) -> None:
    members["manifest.json"] = members["manifest.json"].replace(b'"format": 1', b'"format": 2')


def _no_figures(members: dict[str, bytes]) -> None:
    members["manifest.json"] = b'{"format": 1, "tables": {"User": 7}}'


def _long_manifest(members: dict[str, bytes]) -> None:
    members["manifest.json"] += b" " * backup.MOST_MANIFEST


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_no_figures, "it has no manifest"),
        (_long_manifest, "its manifest is too long"),
        (_edit, "damaged: Message is not what the manifest says"),
        (_lose_a_line, "damaged: Message is not what the manifest says"),
        (_lose_a_table, "damaged: User cannot be read"),
        (_edit_a_file, "damaged: a file is not what the manifest says"),
        (_lose_the_manifest, "it has no manifest"),
        (_newer, "made by a newer version"),
    ],
)
def test_a_damaged_backup_is_noticed(file: Path, tmp_path: Path, change, sentence):
    """By what its manifest says, before anything is written."""
    with (
        zipfile.ZipFile(changed(file, tmp_path, change)) as archive,
        pytest.raises(backup.BackupError, match=sentence),
    ):
        backup.verify(archive)


def test_what_would_fill_the_disk_is_refused(tmp_path: Path, monkeypatch) -> None:
    """From its table of contents, or at the first row that is none."""
    file = tmp_path / "bomb.zip"
    rows, told = b"x" * 10_000_000, hashlib.sha256(b"").hexdigest()
    tables = {"User": {"rows": 1, "sha256": told}}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("User.jsonl", rows)
        archive.writestr("manifest.json", json.dumps({"format": 1, "tables": tables}))
    with zipfile.ZipFile(file) as archive:
        monkeypatch.setattr(backup, "MOST_ROW", 1_000_000)
        with pytest.raises(backup.BackupError, match="one of its rows is too long"):
            backup.verify(archive)
        monkeypatch.setattr(backup, "SMALL", 1_000_000)
        with pytest.raises(backup.BackupError, match="more than a backup contains"):
            backup.verify(archive)


@pytest.mark.parametrize("at", [200, 2000, -300])
def test_broken_bytes_end_with_a_sentence(file: Path, at: int) -> None:
    """Wherever they are."""
    data = bytearray(file.read_bytes())
    data[at : at + 40] = b"\xff" * 40
    with pytest.raises(backup.BackupError, match=r"cannot be read|damaged|no manifest|refused"):
        backup.read(io.BytesIO(data))


def test_nobody_can_stand_in_the_way(sqlite: Installation, tmp_path: Path) -> None:
    """A link that waits under the name of the draft is not followed."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".b.zip.part").symlink_to(victim)
    sqlite.ok("backup", tmp_path / "b.zip")
    assert victim.read_text() == "mine"
    assert (tmp_path / "b.zip").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [".b.zip.part", "b.zip", "victim"]


def test_nothing_of_a_refused_file_gets_in(file: Path, tmp_path: Path):
    """Whatever is wrong with it, in a sentence; and a whole backup is still taken after it."""
    empty = Installation(f"sqlite:///{tmp_path / 'empty.sqlite3'}", tmp_path / "files")
    other = tmp_path / "other"
    other.write_bytes(b"no zip at all")
    assert "cannot be read" in empty.refused("restore", other)
    assert "cannot be read" in empty.refused("restore", tmp_path / "missing")
    assert "damaged" in empty.refused("restore", changed(file, tmp_path, _edit))
    empty.ok("restore", file)
