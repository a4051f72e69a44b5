"""Build, first start, sign-in, a streamed reply, crashes, growth, upgrade, backup and restore, in
the order in which somebody does them. Run by `make test-compose`, and not part of `make test`."""

import asyncio
import os
import re
import resource
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio
import yaml

from tests.compose.stack import LONG_S, Stack
from tests.deploy.test_compose import NOT_PASSED_ON, settings_of_readme
from tests.harness.clerk import ROOT
from tests.harness.ports import free_port
from tests.harness.rest import CSRF, Rest
from tests.harness.sockets import Socket
from tests.scripted.ollama import ScriptedOllama, entry

pytestmark = pytest.mark.timeout(3600)
one_loop = pytest.mark.asyncio(loop_scope="module")

OWN = os.environ["CHAT_ENGINE_KIND"] == "own"
MODEL_PORT = free_port()
PASSWORD = "correct horse battery"
MODELS = ("normal", "paced:n=60,gap=0.05")
SOCKETS = 5_000
PROBES = 400


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The stack of this drill, with a model on the engine's machine."""
    made = Stack(
        "chat-test",
        8080 if OWN else free_port(),
        OLLAMA_BASE_URL=f"http://host.docker.internal:{MODEL_PORT}",
        CHAT_REQUESTS_PER_MINUTE="0",
        CHAT_CONCURRENT_REQUESTS="0",
    )
    made.remove()
    yield made
    made.remove()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model() -> AsyncIterator[ScriptedOllama]:
    """A scripted Ollama on every address of this machine, for containers to reach."""
    server = ScriptedOllama("normal")
    server.models += [entry(name) for name in MODELS[1:]]
    await server.start(MODEL_PORT, "0.0.0.0")
    yield server
    await server.stop()


@pytest.fixture(scope="module")
def notes() -> Iterator[list[str]]:
    """Figures, printed at the end."""
    written: list[str] = []
    yield written
    print("\n" + "\n".join(written))


async def sign_in(stack: Stack, path: str, **form: str) -> str:
    """The session that a form gives."""
    async with httpx.AsyncClient(base_url=stack.url, trust_env=False, timeout=60) as http:
        http.cookies.set("csrftoken", CSRF)
        answer = await http.post(path, data={"csrfmiddlewaretoken": CSRF, **form})
        assert answer.status_code == 302, answer.text
        return str(answer.cookies["sessionid"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def session(stack: Stack) -> str:
    """The owner's, who is made by the link that the first start printed."""
    form = {"username": "ada", "password1": PASSWORD, "password2": PASSWORD}
    return await sign_in(stack, stack.owner_link(), **form)


def test_every_setting_reaches_a_server(stack: Stack):
    """By what Compose itself makes of the file."""
    wanted = settings_of_readme() - NOT_PASSED_ON
    environment = {**stack.environment, **{name: f"given {name}" for name in wanted}}
    done = subprocess.run(
        ["docker", "compose", "config"], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    given = yaml.safe_load(done.stdout)["services"]["app"]["environment"]
    assert {name: given.get(name) for name in wanted} == {name: f"given {name}" for name in wanted}


def test_variants_are_whole(stack: Stack):
    """The files that change a part of it."""
    for variant in ("gpu", "database-elsewhere"):
        files = ["-f", "compose.yaml", "-f", f"deploy/compose.{variant}.yaml"]
        stack.compose(*files, "--profile", "ollama", "config", "--quiet")
    elsewhere = yaml.safe_load(stack.compose(*files, "config"))["services"]
    assert "postgres" not in elsewhere


def test_first_start(stack: Stack, notes: list[str]):
    """`up --wait` ends with 0, and the page is there, on this machine alone."""
    stack.compose("build", "prepare")
    stack.up()
    assert "Chat Playground" in httpx.get(stack.url, trust_env=False, follow_redirects=True).text
    published = stack.compose("port", "proxy", "8080").strip()
    assert published == f"127.0.0.1:{stack.port}"
    notes.append(stack.compose("ps", "-a", "--format", "table {{.Service}}\t{{.Status}}"))


@one_loop
async def test_a_streamed_reply(stack: Stack, session: str, model: ScriptedOllama):
    """The owner signs in by the link and reads a reply as it is made, all through the proxy."""
    async with Rest(stack.url, session=session) as rest:
        chat = await rest.new_conversation()
        headers = {"Cookie": f"sessionid={session}", "Origin": stack.url}
        url = f"ws://127.0.0.1:{stack.port}/ws/chat/{chat}/"
        async with Socket(url, headers) as socket:
            end = await socket.reply("Hello", model=MODELS[1])
            assert end["status"] == "completed"
            assert len(socket.heard("delta")) > 1
        (_, reply) = await rest.messages(chat)
        assert reply["content"] == end["full_content"]


@one_loop
async def test_commands(stack: Stack, model: ScriptedOllama):
    """`chat` runs them in a container."""

    async def chat(*command: str) -> str:
        return await asyncio.to_thread(stack.compose, "exec", "-T", "app", "chat", *command)

    assert (await chat("createkey", "ada")).startswith("cp_")
    assert "No problems" in await chat("doctor")


@pytest.mark.parametrize("service", ["proxy", "app", "redis", "postgres"])
@one_loop
async def test_a_crash(
    stack: Stack, session: str, model: ScriptedOllama, notes: list[str], service: str
):
    """Whatever is killed comes back by itself; people stay signed in and get replies."""
    stack.crash(stack.containers(service)[0])
    seconds = stack.wait_until_ready()
    async with Rest(stack.url, session=session) as rest, asyncio.timeout(LONG_S):
        chat = ""
        while not chat:  # the first answers after a crash may still say that something is down
            made = await rest.post("/api/conversations/", {})
            chat = made.json().get("id", "")
        while (answer := await rest.generate(chat)).status_code != 200:
            assert answer.status_code in (502, 503), answer.text
            await asyncio.sleep(0.2)
    notes.append(f"{service} killed: ready again after {seconds:.1f} s")


async def started_at(rest: Rest) -> str:
    """When the process that answers was started."""
    figures = (await rest.get("/metrics")).text
    return re.findall(r"^process_start_time_seconds (\S+)$", figures, re.MULTILINE)[0]


@one_loop
async def test_growing(stack: Stack, session: str):
    """Four servers get requests, without the proxy having been told."""
    stack.up("--no-recreate", "--scale", "app=4")
    seen: set[str] = set()
    async with Rest(stack.url, session=session) as rest, asyncio.timeout(LONG_S):
        while len(seen) < 4:
            seen.add(await started_at(rest))


@one_loop
async def test_many_sockets(stack: Stack, session: str, notes: list[str]):
    """Thousands of them, idle, and a page is still served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    probe = "from project.doctor.probe import token; print(token([600]))"
    shell = ["chat", "shell", "--no-imports", "-c", probe]
    token = stack.compose("exec", "-T", "app", *shell).split()[-1]
    # Past Docker's relay from loopback, which has six open files for each connection.
    url = f"ws://{stack.address('proxy')}:8080/ws/probe/{token}/"
    try:
        async with AsyncExitStack() as opened:
            for _ in range(0, SOCKETS, 50):
                sockets = [Socket(url, {}) for _ in range(50)]
                await asyncio.gather(*map(opened.enter_async_context, sockets))
            async with Rest(stack.url, session=session) as rest:
                assert (await rest.get("/chat")).status_code == 200
            names = stack.compose("ps", "-q", "proxy", "app").split()
            memory = stack.run(
                *("docker", "stats", "--no-stream", "--format"),
                "{{.Name}} {{.MemUsage}}",
                *names,
            )
            notes.append(f"{SOCKETS} idle sockets:\n{memory}")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@one_loop
async def test_an_upgrade_refuses_nobody(
    stack: Stack, session: str, model: ScriptedOllama, notes: list[str]
):
    """While each server is replaced, every page and every reply that is asked for comes."""
    before = set(stack.containers("app"))
    upgrade = asyncio.create_task(asyncio.to_thread(stack.run, "sh", "deploy/upgrade"))
    pages: list[int] = []
    replies: list[tuple[int, str]] = []
    async with Rest(stack.url, session=session) as rest:
        chat = await rest.new_conversation()

        async def ask() -> None:
            while not upgrade.done():
                answer = await rest.generate(chat, model=MODELS[1])
                message = answer.json().get("message", {})
                replies.append((answer.status_code, message.get("status", answer.text)))

        asking = asyncio.create_task(ask())
        while not upgrade.done() or len(pages) < PROBES:
            pages.append((await rest.get("/chat")).status_code)
        await asking
    said = await upgrade
    assert not before & set(stack.containers("app"))
    assert len(stack.containers("app")) == len(before)
    assert [status for status in pages if status != 200] == []
    assert [reply for reply in replies if reply != (200, "completed")] == []
    assert "chat-playground:previous" in stack.run(
        "docker", "images", "--format", "{{.Repository}}:{{.Tag}}", "chat-playground"
    )
    notes.append(f"upgrade: {len(pages)} pages and {len(replies)} replies, none refused\n{said}")


@one_loop
async def test_back_to_the_version_before(stack: Stack, session: str):
    stack.run("sh", "deploy/upgrade", "--to", "previous")
    async with Rest(stack.url, session=session) as rest:
        assert (await rest.get("/chat")).status_code == 200


@pytest.fixture(scope="module")
def other(stack: Stack) -> Iterator[Stack]:
    """A second stack, with passwords of every character."""
    made = Stack(
        "chat-test-restored",
        8081 if OWN else free_port(),
        CHAT_REPLICAS="1",
        POSTGRES_PASSWORD='of mine/@ "quoted"',
        REDIS_PASSWORD='with spaces " and \\',
    )
    made.remove()
    yield made
    made.remove()


@one_loop
async def test_a_backup_goes_into_a_new_stack(stack: Stack, other: Stack, notes: list[str]):
    """Which has the same people and conversations."""
    backup = stack.compose("exec", "-T", "app", "chat", "backup", "-", text=False)
    other.up()
    other.compose("exec", "-T", "app", "chat", "restore", "-", input=backup, text=False)
    session = await sign_in(other, "/signin/", username="ada", password=PASSWORD)
    async with Rest(other.url, session=session) as rest:
        listed = (await rest.get("/api/conversations/")).json()["results"]
        first = next(one for one in listed if one["message_count"])
        assert len(await rest.messages(first["id"])) >= 2
    notes.append(f"a backup of {len(backup)} bytes is in a new stack")


def test_backups_are_made(other: Stack):
    """As the profile makes them every day."""
    once = ["run", "--rm", "-T", "backup", "sh", "/app/deploy/back-up", "once"]
    assert " MB." in other.compose("--profile", "backup", *once)


def test_a_model_server_that_cannot_start(other: Stack):
    """The page is served all the same."""
    other.environment["CHAT_DEFAULT_MODEL"] = "another"  # the servers are made anew
    other.compose("--profile", "ollama", "up", "-d")
    other.wait_until_ready()
    (container,) = other.compose("--profile", "ollama", "ps", "-aq", "ollama").split()
    assert (
        "healthy"
        not in other.run("docker", "inspect", "-f", "{{.State.Health.Status}}", container).split()
    )


if OWN:  # elsewhere the ports of HTTPS may be somebody's

    def test_https(other: Stack):
        """With a certificate for the name in PUBLIC_URL, and cookies for HTTPS alone."""
        other.environment["PUBLIC_URL"] = "https://localhost"
        other.environment["CHAT_TRUSTED_PROXIES"] = "172.16.0.0/12"
        other.compose("--profile", "https", "up", "-d", "--wait")
        answer = httpx.get("https://localhost/signin/", verify=False, trust_env=False)
        assert answer.status_code == 200
        assert "Secure" in answer.headers["set-cookie"]
        # The client, and not Caddy, is who asks.
        client, caddy = "172.", other.address("https")
        asked = re.findall(r'(\S+) \S+ "GET /signin/" 200', other.compose("logs", "proxy"))
        assert asked[-1].startswith(client)
        assert asked[-1] != caddy


def test_nothing_is_left_behind(stack: Stack, other: Stack):
    """Not even a volume without a name."""
    for one in (other, stack):
        one.remove()
    left = stack.run("docker", "volume", "ls", "-q").split()
    assert [name for name in left if "chat-test" in name or len(name) == 64] == []
