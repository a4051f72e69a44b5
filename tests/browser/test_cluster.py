"""The page at an installation as `compose.yaml` has it: four processes behind nginx."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.browser import SOCKET_FAILED, UNREACHABLE, Visit, answered
from tests.browser.page import ChatPage
from tests.harness import WAIT_S
from tests.harness.nginx import Nginx
from tests.harness.place import Place
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
from tests.harness.server import ChatServer
from tests.harness.several import processes

PASSWORD = "correct horse battery"


@pytest_asyncio.fixture(loop_scope="session")
async def place(
    postgresql: PostgreSQL, redis_server: RedisServer, tmp_path: Path
) -> AsyncIterator[Place]:
    async with processes(postgresql, redis_server, tmp_path, 4, CHAT_HEARTBEAT_SECONDS=1) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="session")
async def nginx(place: Place) -> AsyncIterator[Nginx]:
    service = Nginx([server.port for server in place.servers])
    service.start()
    yield service
    service.close()


async def writer(place: Place) -> ChatServer:
    """The process that writes a reply at this moment."""
    async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as http:
        for server in place.servers:
            metrics = (await http.get(f"{server.url}/metrics")).text
            if re.search(r"^chat_replies_running 1\.0$", metrics, re.MULTILINE):
                return server
    raise AssertionError("no process writes a reply")


async def test_a_reply_outlives_a_reload_and_its_process(
    browser: Browser, place: Place, nginx: Nginx
):
    """Signed in and streamed through nginx. The process that writes the reply is killed: the page
    comes back at another, keeps the text, says what happened, and gets a whole reply."""
    person = await place.person(password=PASSWORD)
    visit = Visit(browser, place, person)
    # A call may be on its way to the process that is killed.
    visit.watch.allow(SOCKET_FAILED, UNREACHABLE, answered(502))
    page = await visit.page("/signin/", port=nginx.port, signed_in=False)
    await page.get_by_label("Username").fill(person.name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(re.compile("/$"))

    chat = ChatPage(page)
    await chat.open(await visit.conversation("gate:n=6"))
    gate = place.ollama.gate("a")
    await chat.send("Go on")
    gate.release(2)
    await expect(chat.text).to_have_text("word0 word1")
    await chat.reload()
    await expect(chat.text).to_have_text("word0 word1")
    gate.release()
    await expect(chat.text).to_have_text("word0 word1 word2")

    killed = await writer(place)
    killed.kill()
    said = "The server stopped while writing this reply."
    await expect(chat.reply).to_contain_text(said)
    await expect(chat.text).to_have_text("word0 word1 word2")
    await expect(chat.questions).to_have_count(1)

    gate.open()
    await chat.try_again.click()
    await expect(chat.text).to_have_text("word0 word1 word2 word3 word4 word5")
    await chat.idle()
    alive = next(server for server in place.servers if server is not killed)
    stored = await person.rest_at(alive).messages(chat.conversation, "all")
    assert [row["status"] for row in stored] == ["completed", "interrupted", "completed"]
    await visit.aclose()
    visit.watch.assert_clean()
