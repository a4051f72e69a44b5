"""`compose.yaml` and what belongs to it: nothing has to be set, little is open, and its commands
do what they say. There is no container engine here: what it would run is run without it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.clerk import ROOT
from tests.harness.nginx import TEMPLATE
from tests.harness.ports import free_port
from tests.harness.redis_server import RedisServer
from tests.harness.server import VARIABLES
from tests.harness.services import Service

TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APPS = sorted(name for name in SERVICES if name.startswith("app-"))
LASTING = {name for name, service in SERVICES.items() if service["restart"] == "unless-stopped"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()

each = pytest.mark.parametrize("name", SERVICES)


def test_nothing_has_to_be_set():
    """`docker compose up` alone is enough: whatever comes from the environment has a default."""
    without = [found for found in re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", TEXT) if not found[1]]
    assert without == []
    assert all(rest.startswith(":-") for _, rest in re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", TEXT))


def test_what_it_is_made_of():
    """A proxy, two server processes, PostgreSQL, Redis and Ollama go on; the rest is done once."""
    assert {"proxy", *APPS, "postgres", "redis", "ollama"} == LASTING
    assert len(APPS) >= 2
    assert {"keys", "prepare", "model"} == set(SERVICES) - LASTING
    servers = re.findall(r"server (\S+):8000 ", SERVICES["proxy"]["environment"]["CHAT_SERVERS"])
    assert servers == APPS
    # Nothing but Redis lets several processes share a database.
    assert "keys/redis" in str(SERVICES[APPS[0]]["volumes"])


@each
def test_a_service_has_its_bounds(name: str):
    """Memory, processes, privileges, a version, and whether it is well."""
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    if "build" not in service and service["image"] != "chat-playground":
        assert re.search(r":\d+\.?\d*", service["image"]), "pin a version"
    if name in LASTING:
        assert set(service["healthcheck"]) == {
            "test",
            "interval",
            "timeout",
            "start_period",
            "retries",
        }


@each
def test_what_a_service_names_is_there(name: str):
    """Volumes, networks, files of ours, and services in the state that is waited for."""
    service = SERVICES[name]
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or (ROOT / source).is_file()
    assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
    for other, wanted in service.get("depends_on", {}).items():
        once = wanted["condition"] == "service_completed_successfully"
        assert once == (other not in LASTING)


def test_little_is_open():
    """The proxy alone is reached from outside; the database and Redis not even from the proxy."""
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["back"]
    assert SERVICES["proxy"]["networks"] == ["front"]
    for name in ("proxy", "redis", *APPS):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert re.search(r"^USER (?!root|0)", DOCKERFILE, re.MULTILINE)


def test_a_server_gets_only_settings_that_there_are():
    """A variable that nobody reads would be a setting that does nothing."""
    assert set(SERVICES[APPS[0]]["environment"]) <= set(VARIABLES) | {"OLLAMA_BASE_URL"}


def test_the_image_takes_what_there_is():
    """Every file that is copied exists and is not kept out."""
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    for source in copied:
        assert (ROOT / source).exists()
        assert source.split("/")[0] in let_in
    for script in ("entrypoint", "healthy", "make-keys"):
        assert os.access(ROOT / "deploy" / script, os.X_OK)


def test_the_template_is_filled_in():
    """Compose gives what it asks for."""
    assert set(re.findall(r"\$\{(\w+)\}", TEMPLATE.read_text())) == set(
        SERVICES["proxy"]["environment"]
    )


# --- What it runs -----------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The volumes for keys, empty."""
    for name in ("server", "postgres", "redis"):
        (tmp_path / "keys" / name).mkdir(parents=True)
    return tmp_path / "keys"


def make_keys(keys: Path, **given: str) -> dict[str, str]:
    subprocess.run(
        [ROOT / "deploy" / "make-keys"], env={**os.environ, "KEYS": str(keys), **given}, check=True
    )
    return {folder.name: (folder / folder.name).read_text() for folder in keys.iterdir()}


def test_keys_are_made_once(keys: Path):
    """Long and different; a given one is taken, and afterwards what there is stays."""
    made = make_keys(keys, REDIS_PASSWORD="of mine/@")
    assert made.pop("redis") == "of mine/@"
    assert made["server"] != made["postgres"]
    assert all(re.fullmatch(r"[\w-]{64}", key) for key in made.values())
    assert make_keys(keys, POSTGRES_PASSWORD="later") == made | {"redis": "of mine/@"}


def test_the_entrypoint_reads_the_keys(keys: Path):
    """What the environment says goes first; a password may have any character."""
    made = make_keys(keys, REDIS_PASSWORD="of mine/@")
    environment = {**os.environ, "KEYS": str(keys), "DATABASE_URL": "postgres://given/one"}
    environment |= {"SECRET_KEY": "", "REDIS_URL": ""}
    said = subprocess.run(
        [ROOT / "deploy" / "entrypoint", "env"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert f"SECRET_KEY={made['server']}" in said
    assert "DATABASE_URL=postgres://given/one" in said
    assert "REDIS_URL=redis://:of%20mine%2F%40@redis:6379/0" in said


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
    """With its password, its file, and without throwing anything away."""
    make_keys(keys)
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


def test_the_image_s_command_serves(postgresql, redis_server: RedisServer, tmp_path: Path):
    """The `Dockerfile`'s command, asked by its health check."""
    found = re.search(r"^CMD (\[.+?\])$", DOCKERFILE.replace("\\\n", ""), re.MULTILINE | re.DOTALL)
    assert found
    port = str(free_port())
    command = [part if part != "8000" else port for part in yaml.safe_load(found[1])]
    command = [part if part != "0.0.0.0" else "127.0.0.1" for part in command]
    command[0] = sys.executable
    settings = {
        **dict.fromkeys(VARIABLES, ""),
        "DATABASE_URL": postgresql.database(),
        "REDIS_URL": redis_server.fresh(),
        "SECRET_KEY": "k0jNXwLq4v7RtZb2Pm" * 4,
        "HOST": "127.0.0.1",
        "PORT": port,
        "LOCAL_MODEL": "off",
        "WEB_CONCURRENCY": "1",
        "PYTHONPATH": str(ROOT),
    }
    entrypoint = shutil.which(ROOT / "deploy" / "entrypoint")
    assert entrypoint
    healthy = [sys.executable, str(ROOT / "deploy" / "healthy")]
    server = Command([entrypoint, *command], settings, healthy)
    try:
        server.start()
    finally:
        server.close()
