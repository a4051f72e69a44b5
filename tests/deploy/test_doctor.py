"""The doctor tries the real thing, and says in words what is wrong with it."""

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from project.doctor import proxy
from tests.harness.clerk import ROOT
from tests.harness.place import Place
from tests.harness.ports import free_port
from tests.harness.postgresql import PostgreSQL

# Compresses what it gets in pieces of its own size.
GZIPPED = "gzip on; gzip_types *; proxy_ignore_headers X-Accel-Buffering;"


async def doctor(environment: dict[str, str], *arguments: str, **changes: Any) -> tuple[int, str]:
    """Its exit status, and what it said."""
    changed = {name: str(value) for name, value in changes.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "manage.py", "doctor", *arguments),
        cwd=ROOT,
        env={**environment, **changed},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_a_healthy_server_behind_our_nginx(daphne_place: Place, nginx):
    """With the configuration that `compose.yaml` uses there is nothing to fix."""
    server = daphne_place.server
    front = nginx([server.port])
    status, said = await doctor(server.environment, "--url", front.url, "--idle", "2")
    assert status == 0, said
    for sentence in (
        "The database is up to date",
        "Files can be stored, and the newest are there",
        "The provider ollama, which answers people, answers",
        "reaches the server",
        "Streams arrive as they are sent",
        "Requests of 2.5 MB come through",
        "Sockets pass",
        "A socket outlives 2 s of silence",
        "A stream outlives 2 s of silence",
    ):
        assert sentence in said
    assert "PROBLEM" not in said


@pytest.mark.parametrize(
    ("changes", "problem", "advice"),
    [
        (
            {"$http_upgrade;": "'';", "$connection_upgrade;": "'';"},
            "does not let sockets through",
            "proxy_set_header Upgrade",
        ),
        (
            {"proxy_buffering off;": GZIPPED},
            "arrive in one piece",
            "proxy_buffering off",
        ),
        (
            {"proxy_read_timeout 3600s;": "proxy_read_timeout 1s;"},
            "A socket is cut after",
            "proxy_read_timeout 3600s",
        ),
        (
            {"client_max_body_size 2500k;": "client_max_body_size 1m;"},
            "A request of 2.5 MB is refused with 413",
            "client_max_body_size 20m",
        ),
        (
            {"Host $http_host;": "Host localhost;"},
            "asked under the name localhost instead of",
            "Host $http_host",
        ),
        (
            {"Host $http_host;": "Host upstream.internal;"},
            "does not know that name",
            "PUBLIC_URL",
        ),
        (
            {"${CHAT_APP}": "127.0.0.1:1"},
            "/healthz answers 502",
            "reaches no server",
        ),
    ],
    ids=["upgrade", "buffered", "idle", "body", "host", "unknown host", "no server"],
)
async def test_a_wrong_nginx(daphne_place: Place, nginx, settings, changes, problem, advice):
    """Each fault of a configuration has its sentence, and what to write instead."""
    server = daphne_place.server
    settings.SECRET_KEY = (server.directory / "secret_key").read_text()
    front = nginx([server.port], changes=changes)
    found = [finding async for finding in proxy.examine(front.url, idle=2)]
    assert any(
        finding.kind == "problem" and problem in finding.what and advice in finding.advice
        for finding in found
    ), found


async def test_another_server(daphne_place: Place):
    """One with another secret does not serve the doctor; where nobody is, nobody answers."""
    server = daphne_place.server
    other = {"SECRET_KEY": "other" * 12}
    status, said = await doctor(server.environment, "--url", server.url, **other)
    assert status == 1
    assert "does not know the doctor (404)" in said
    status, said = await doctor(server.environment, "--url", f"http://127.0.0.1:{free_port()}")
    assert status == 1
    assert "cannot be reached" in said
    status, said = await doctor(server.environment, "--url", "chat.example.org")
    assert status == 1
    assert "is not an address" in said


async def test_what_is_away(daphne_place: Place, tmp_path):
    """A database, a Redis and a provider that do not answer are told one by one."""
    nowhere = f"127.0.0.1:{free_port()}"
    status, said = await doctor(
        daphne_place.server.environment,
        DATABASE_URL=f"postgres://chat:hidden-word@{nowhere}/chat",
        REDIS_URL=f"redis://:hidden-word@{nowhere}",
        OLLAMA_BASE_URL=f"http://{nowhere}",
        SECRET_KEY="k0jNXwLq4v7RtZb2Pm" * 4,
    )
    assert status == 1
    assert "The database does not answer" in said
    assert "Redis does not answer" in said
    assert "The provider ollama, which answers people, does not answer" in said
    assert "3 to fix" in said
    assert "Traceback" not in said
    assert "hidden-word" not in said


async def test_real_services(daphne_place: Place, postgresql, redis_server):
    """PostgreSQL without our tables; a Redis that throws away; one that wants another password."""
    status, said = await doctor(
        daphne_place.server.environment,
        DATABASE_URL=postgresql.database(migrated=False),
        REDIS_URL=redis_server.url().replace(redis_server.password, "wrong"),
        SECRET_KEY="k0jNXwLq4v7RtZb2Pm" * 4,
    )
    assert status == 1
    assert "migrations have not run" in said
    assert "Redis does not take the password" in said


@pytest.fixture
def newest_postgresql() -> Iterator[PostgreSQL]:
    """PostgreSQL 18; those from 16 on have no setting `lc_ctype`."""
    server = PostgreSQL(newest=True)
    try:
        server.start()
        yield server
    finally:
        server.close()


async def test_a_new_postgresql(daphne_place: Place, newest_postgresql: PostgreSQL):
    """A healthy one is well; one that does not know the case of letters is worth a note."""
    environment = {**daphne_place.server.environment, "SECRET_KEY": "k0jNXwLq4v7RtZb2Pm" * 4}
    healthy = newest_postgresql.database()
    status, said = await doctor(environment, DATABASE_URL=healthy)
    assert status == 0, said
    assert "PostgreSQL 18" in said
    assert "locale" not in said
    newest_postgresql.execute("CREATE DATABASE bytes TEMPLATE template0 LOCALE 'C'")
    _, said = await doctor(environment, DATABASE_URL=newest_postgresql.url("bytes"))
    assert "search is case-sensitive" in said


async def test_a_redis_that_throws_away(daphne_place: Place, postgresql, own_redis):
    server = own_redis()
    server.start()
    with server.client() as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
    status, said = await doctor(
        daphne_place.server.environment,
        DATABASE_URL=postgresql.database(),
        REDIS_URL=server.url(),
        SECRET_KEY="k0jNXwLq4v7RtZb2Pm" * 4,
    )
    assert status == 1
    assert "throws away what it holds" in said
    assert "PostgreSQL has connections for" in said
    assert "Redis keeps no append-only file" in said
    assert "1 to fix" in said


async def test_a_probe_is_for_the_doctor_alone(daphne_place: Place):
    """Its address has to be signed."""
    person = await daphne_place.person()
    for path in ("/probe/x/", "/probe/W10/"):
        assert (await person.rest.get(path)).status_code == 404
