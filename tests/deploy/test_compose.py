"""`compose.yaml`: nothing has to be set, everything can be, little is open, and each service has
its bounds. `make test-compose` runs it on an engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.clerk import ROOT
from tests.harness.server import VARIABLES

TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = {name for name, service in SERVICES.items() if service["restart"] == "unless-stopped"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# Settings of README that a container has another way, or that would take it apart.
NOT_PASSED_ON = {
    *("HOST", "PORT"),  # the image's
    *("DEBUG", "LOCAL_MODEL"),  # for one's own machine
    "SECRET_KEY",  # by way of the service `keys`
    "OLLAMA_HOST",  # another name of OLLAMA_BASE_URL
}

each = pytest.mark.parametrize("name", SERVICES)


def settings_of_readme() -> set[str]:
    """The variables of its table of settings."""
    table = (ROOT / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    return set(re.findall(r"`([A-Z][A-Z_]+)`", " ".join(cells)))


def test_nothing_has_to_be_set():
    """`docker compose up` alone is enough: whatever comes from the environment has a default."""
    named = re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", TEXT)
    assert [name for name, rest in named if not rest.startswith(":-")] == []


def test_every_setting_is_passed_on():
    """Those of README, as they are: a default written twice would be two defaults."""
    passed = SERVICES["app"]["environment"]
    assert settings_of_readme() - NOT_PASSED_ON <= set(passed)
    assert set(passed) <= set(VARIABLES) | {"OLLAMA_BASE_URL"}
    for name, value in passed.items():
        assert value is None or value.startswith(f"${{{name}:-")
    for name in ("prepare", "backup"):
        assert passed.items() <= SERVICES[name]["environment"].items()


def test_what_it_is_made_of():
    """A proxy, servers, PostgreSQL and Redis go on; a model server, HTTPS and backups where asked
    for; the rest is done once."""
    usual = {name for name in LASTING if "profiles" not in SERVICES[name]}
    assert usual == {"proxy", "app", "postgres", "redis"}
    assert LASTING - usual == {"ollama", "model", "https", "backup"}
    assert set(SERVICES) - LASTING == {"keys", "prepare"}
    # Nothing but Redis lets several processes share a database.
    assert "keys/redis" in str(SERVICES["app"]["volumes"])


@each
def test_a_service_has_its_bounds(name: str):
    """Memory, processors, processes, privileges, an exact version, and whether it is well."""
    service = SERVICES[name]
    for bound in ("mem_limit", "cpus", "pids_limit"):
        assert bound in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    if "chat-playground" not in service["image"]:
        assert re.search(r":\d+\.\d+", service["image"]), "name an exact version"
    told = service.get("healthcheck", {})
    if name in LASTING - {"model", "backup"}:
        assert set(told) == {
            *("test", "interval", "timeout"),
            *("start_period", "start_interval", "retries"),
        }


@each
def test_what_a_service_names_is_there(name: str):
    """Volumes, networks, files of ours (labelled for SELinux), and services in the state that is
    waited for."""
    service = SERVICES[name]
    for volume in service.get("volumes", []):
        source, _, options = volume.split(":")[0], *volume.rpartition(":")[1:]
        assert source in COMPOSE["volumes"] or (ROOT / source).exists()
        assert not source.startswith(".") or options == "ro,z"
    assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
    for other, wanted in service.get("depends_on", {}).items():
        once = wanted["condition"] == "service_completed_successfully"
        assert once == (other not in LASTING)
        # What is not always there is not waited for, and its failure is nobody else's.
        if "profiles" in SERVICES[other]:
            assert wanted["condition"] == "service_started"
            assert name == "model" or wanted["required"] is False


def test_little_is_open():
    """The proxy alone is reached from outside, and from this machine alone unless told otherwise;
    the database and Redis not even from the proxy."""
    open_ones = {name for name, service in SERVICES.items() if "ports" in service}
    assert open_ones == {"proxy", "https"}
    assert SERVICES["proxy"]["ports"] == ["${CHAT_BIND:-127.0.0.1}:${CHAT_PORT:-8080}:8080"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["back"]
    assert SERVICES["proxy"]["networks"] == ["front"]
    for name in ("proxy", "redis", "app", "https"):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert re.search(r"^USER (?!root|0)", DOCKERFILE, re.MULTILINE)


@each
def test_memory_that_is_a_folder_is_bounded(name: str):
    """A folder in memory counts as memory: without a bound it ends the service. It has a mode, too:
    what the engine makes belongs to root."""
    for entry in SERVICES[name].get("tmpfs", []):
        folder, _, options = entry.partition(":")
        assert folder == "/tmp"
        assert re.fullmatch(r"size=\d+m,mode=1777", options)


def test_no_volume_is_left_behind():
    """An image's own volume, when nothing is mounted there, is made anew at each start."""
    kept = {"postgres": "/var/lib/postgresql/data", "redis": "/data", "caddy": "/data"}
    for service in SERVICES.values():
        folder = kept.get(service["image"].partition(":")[0])
        if folder:
            assert any(f":{folder}" in volume for volume in service["volumes"])


def test_servers_end_before_what_they_need():
    """Replies that run may end: nothing that they need goes first."""
    assert {"postgres", "redis", "ollama"} <= set(SERVICES["app"]["depends_on"])
    drain = 25  # CHAT_DRAIN_SECONDS
    assert int(SERVICES["app"]["stop_grace_period"].rstrip("s")) > drain + 10
    # nginx's own image asks for SIGQUIT, which waits for every open socket.
    assert SERVICES["proxy"]["stop_signal"] == "SIGTERM"


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


def commands() -> list[list[str]]:
    """What compose and the image start, as lists of words."""
    found = [
        service.get(part)
        for service in SERVICES.values()
        for part in ("entrypoint", "command")
        if isinstance(service.get(part), list)
    ]
    found += [
        yaml.safe_load(listed)
        for listed in re.findall(r"(?:CMD|ENTRYPOINT) (\[[^\]]+\])", DOCKERFILE.replace("\\\n", ""))
    ]
    return [[str(word) for word in command] for command in found]


def test_scripts_are_read_by_their_interpreter():
    """An execute bit may be lost on the way, as in an archive."""
    scripts = [
        (command, word)
        for command in commands()
        for word in command
        if word.startswith(("/app/deploy/", "/chat/"))
    ]
    assert len(scripts) >= 5
    for command, word in scripts:
        assert command[command.index(word) - 1] in ("sh", "python")
        assert (ROOT / "deploy" / Path(word).name).exists()
