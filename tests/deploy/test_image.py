"""What the containers run, run here: the scripts in `deploy/` and the commands of compose."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.deploy.test_compose import DOCKERFILE, SERVICES
from tests.harness.clerk import ROOT
from tests.harness.ports import free_port
from tests.harness.redis_server import RedisServer
from tests.harness.server import VARIABLES
from tests.harness.services import Service

HARD = """of mine/@ "quoted" \\ $HOME"""


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The volumes for keys, empty."""
    for name in ("server", "postgres", "redis"):
        (tmp_path / "keys" / name).mkdir(parents=True)
    return tmp_path / "keys"


def make_keys(keys: Path, **given: str) -> dict[str, str]:
    environment = {**os.environ, "KEYS": str(keys), **given}
    subprocess.run(["sh", ROOT / "deploy" / "make-keys"], env=environment, check=True)
    return {folder.name: (folder / folder.name).read_text() for folder in keys.iterdir()}


def test_keys_are_made_once(keys: Path):
    """Long and different; a given one is taken, and afterwards what there is stays."""
    made = make_keys(keys, REDIS_PASSWORD=HARD)
    assert made.pop("redis") == HARD
    assert made["server"] != made["postgres"]
    assert all(re.fullmatch(r"[\w-]{64}", key) for key in made.values())
    assert make_keys(keys, POSTGRES_PASSWORD="later") == made | {"redis": HARD}


def at_home(script: str, folder: Path) -> str:
    """A script of the image, for a checkout instead of /app; its path."""
    text = (ROOT / "deploy" / script).read_text()
    copy = folder / script
    copy.write_text(text.replace("/app/", f"{ROOT}/"))
    return str(copy)


def test_the_entrypoint_reads_the_keys(keys: Path):
    """What the environment says goes first; a password may have any character."""
    made = make_keys(keys, REDIS_PASSWORD="of mine/@")
    environment = {**os.environ, "KEYS": str(keys), "DATABASE_URL": "postgres://given/one"}
    environment |= {"SECRET_KEY": "", "REDIS_URL": "", "WEB_CONCURRENCY": ""}
    said = subprocess.run(
        ["sh", ROOT / "deploy" / "entrypoint", "env"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert f"SECRET_KEY={made['server']}" in said
    assert "DATABASE_URL=postgres://given/one" in said
    assert "REDIS_URL=redis://:of%20mine%2F%40@redis:6379/0" in said
    assert not [line for line in said if line.startswith("WEB_CONCURRENCY=")]  # uvicorn reads it


class Command(Service):
    """A command of `compose.yaml` or the `Dockerfile`, on this machine."""

    name = "command"

    def __init__(self, command: list[str], environment: dict[str, str], probe: list[str]) -> None:
        super().__init__()
        self._command = ["env", *(f"{name}={value}" for name, value in environment.items())]
        self._command += command
        self._probe, self._environment = probe, {**os.environ, **environment}

    def command(self) -> list[str]:
        return self._command

    def answers(self) -> bool:
        done = subprocess.run(self._probe, env=self._environment, capture_output=True)
        return done.returncode == 0


def test_redis_starts_as_compose_says(keys: Path, tmp_path: Path):
    """With its password, whatever it is made of; with its file, throwing nothing away."""
    make_keys(keys, REDIS_PASSWORD=HARD)
    data, port = tmp_path / "data", free_port()
    data.mkdir()

    def here(text: str) -> str:
        text = text.replace("$$", "$").replace("/run/keys", str(keys))
        text = text.replace("/tmp/redis.conf", str(tmp_path / "redis.conf"))
        text = text.replace("dir /data", f"dir {data}\nport {port}\nbind 127.0.0.1")
        return text.replace("redis-cli", f"redis-cli -p {port}")

    service = SERVICES["redis"]
    healthy = ["sh", "-c", here(service["healthcheck"]["test"][1])]
    command = Command([*service["entrypoint"], here(service["command"][0])], {}, healthy)
    try:
        command.start()
        assert subprocess.run(
            ["redis-cli", "-p", str(port), "get", "x"], capture_output=True
        ).stdout.startswith(b"NOAUTH")
        assert list(data.iterdir())
    finally:
        command.close()


def settings(database: str, **more: str) -> dict[str, str]:
    """The environment of a server in a container."""
    return {
        **os.environ,
        **dict.fromkeys(VARIABLES, ""),
        "DATABASE_URL": database,
        "SECRET_KEY": "k0jNXwLq4v7RtZb2Pm" * 4,
        "LOCAL_MODEL": "off",
        "WEB_CONCURRENCY": "1",
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **more,
    }


def test_the_image_s_command_serves(postgresql, redis_server: RedisServer):
    """The `Dockerfile`'s command by its entrypoint, asked by its health check."""
    found = re.search(r"^CMD (\[.+?\])$", DOCKERFILE.replace("\\\n", ""), re.MULTILINE | re.DOTALL)
    assert found
    port = str(free_port())
    command = [part if part != "8000" else port for part in yaml.safe_load(found[1])]
    command = [part if part != "0.0.0.0" else "127.0.0.1" for part in command]
    command[0] = sys.executable
    given = {"REDIS_URL": redis_server.fresh(), "HOST": "0.0.0.0", "PORT": port}
    # A name that is not this machine's: probes ask by address all the same.
    given["ALLOWED_HOSTS"] = "chat.example.org"
    healthy = [sys.executable, str(ROOT / "deploy" / "healthy")]
    entrypoint = ["sh", str(ROOT / "deploy" / "entrypoint")]
    server = Command([*entrypoint, *command], settings(postgresql.database(), **given), healthy)
    try:
        server.start()
    finally:
        server.close()


def test_preparing_and_commands(postgresql, keys: Path, tmp_path: Path):
    """`prepare` makes the tables and prints the owner's link at PUBLIC_URL; `chat` runs a command
    with the keys of the installation, wherever one stands."""
    make_keys(keys)
    environment = settings(
        postgresql.database(migrated=False),
        KEYS=str(keys),
        SECRET_KEY="",
        PUBLIC_URL="https://chat.example.org",
    )

    def run(*command: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )

    entrypoint = str(ROOT / "deploy" / "entrypoint")
    prepared = run(entrypoint, "sh", str(ROOT / "deploy" / "prepare"))
    assert prepared.returncode == 0, prepared.stderr
    assert "  https://chat.example.org/setup/" in prepared.stdout
    made = run(at_home("chat", tmp_path), "createuser", "ada", folder=tmp_path)
    assert (made.returncode, made.stderr) == (0, "Created ada, without a password.\n")


def test_backups_are_made_and_the_oldest_go(postgresql, tmp_path: Path):
    """As many are kept as BACKUP_KEEP says."""
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in range(1, 5):
        old = folder / f"chat-2026-01-0{day}T030000Z.zip"
        old.touch()
        os.utime(old, (day * 86_400, day * 86_400))
    (folder / "notes.txt").touch()
    environment = settings(
        postgresql.database(), BACKUPS=str(folder), BACKUP_KEEP="3", BACKUP_HOUR="08"
    )
    subprocess.run(
        ["sh", ROOT / "deploy" / "back-up", "once"], cwd=ROOT, env=environment, check=True
    )
    found = sorted(path.name for path in folder.glob("*.zip"))
    assert found[:2] == ["chat-2026-01-03T030000Z.zip", "chat-2026-01-04T030000Z.zip"]
    assert len(found) == 3
    assert zipfile.is_zipfile(folder / found[2])
    assert (folder / "notes.txt").exists()
