"""Notifications in the page: switched on by the person, and shown by the service worker."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.browser.browser import Visit
from tests.browser.page import ChatPage
from tests.browser.sidebar import Sidebar
from tests.browser.test_installing import controlled, with_worker
from tests.harness import WAIT_S
from tests.harness.rest import ok
from tests.scripted.push_service import Browser, PushService

# A headless browser reaches no push service: this one is the test's, for the page as any other is.
SUBSCRIBES = """({subscription}) => {
  if (!location.pathname.startsWith('/chat')) return;
  let there = JSON.parse(localStorage.getItem('test.push') ?? 'null');
  const made = () => there && {
    endpoint: there.endpoint,
    options: {applicationServerKey: null},
    toJSON: () => there,
    unsubscribe: async () => { there = null; localStorage.removeItem('test.push'); return true; },
  };
  PushManager.prototype.getSubscription = async () => made();
  PushManager.prototype.subscribe = async (options) => {
    if (!subscription) throw new DOMException('no push service', 'AbortError');
    if (!options.userVisibleOnly || !options.applicationServerKey) throw new TypeError('options');
    there = subscription;
    localStorage.setItem('test.push', JSON.stringify(there));
    return made();
  };
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def service() -> AsyncIterator[PushService]:
    async with PushService() as service:
        yield service


async def opened(visit: Visit, context: BrowserContext, subscription: Any) -> ChatPage:
    """A chat in a browser whose push service gives this subscription; `None`: it has none."""
    given = json.dumps({"subscription": subscription})
    await context.add_init_script(f"({SUBSCRIBES})({given})")
    chat = await visit.chat(model="normal", context=context)
    await controlled(chat.page)
    return chat


def toast(chat: ChatPage) -> Locator:
    return chat.page.get_by_role("region", name="Notifications")


async def item(page: Page) -> Locator:
    """The switch, in the open menu of the person."""
    await Sidebar(page).account.click()
    return page.get_by_role("menuitemcheckbox", name="Notify me of replies")


async def test_a_reply_is_told_when_no_page_is_open(visit: Visit, service: PushService):
    """From the switch to the notification that the worker shows, and back."""
    browser = Browser()
    context = await with_worker(visit, permissions=["notifications"])
    chat = await opened(visit, context, browser.subscription(f"{service.url}/mine"))
    switch = await item(chat.page)
    await expect(switch).to_have_attribute("aria-checked", "false")
    await switch.click()
    await expect(toast(chat)).to_contain_text("You’ll be notified when a reply is ready")
    switch = await item(chat.page)
    await expect(switch).to_have_attribute("aria-checked", "true")
    # The page goes while the reply is on its way.
    await chat.page.keyboard.press("Escape")
    await chat.page.goto("about:blank")
    await visit.place.without_sockets()
    title = await visit.person.page.new_conversation(title="Hash tables")
    assert (await visit.person.page.generate(title, "Explain")).status_code == 200
    [pushed] = await service.comes(1)
    told = browser.shown(pushed)
    assert (told["title"], told["body"]) == ("Hash tables", "Your reply is ready.")
    # The browser hands it to the worker, which shows it: nobody looks at a page.
    [worker] = context.service_workers
    await deliver(context, chat.page, told)
    [note] = await worker.evaluate(
        """async () => (await self.registration.getNotifications())
          .map(({title, body, data, tag}) => ({title, body, data, tag}))"""
    )
    assert note == {
        "title": "Hash tables",
        "body": "Your reply is ready.",
        "data": {"chat": title},
        "tag": title,
    }
    # A click leads to the chat.
    opened_at = await worker.evaluate(
        """async () => {
          const [notification] = await self.registration.getNotifications();
          let opened = null;
          self.clients.openWindow = async (path) => { opened = path; return null; };
          const event = new NotificationEvent('notificationclick', {notification});
          const done = [];
          event.waitUntil = (work) => done.push(work);
          self.dispatchEvent(event);
          await Promise.all(done);
          return opened;
        }"""
    )
    assert opened_at == f"/chat/{title}"
    await chat.open(title)
    switch = await item(chat.page)
    await expect(switch).to_have_attribute("aria-checked", "true")
    await switch.click()
    await expect(toast(chat)).to_contain_text("This browser no longer notifies you.")
    assert ok(await visit.person.page.get("/api/push/"))["subscriptions"] == 0


async def deliver(context: BrowserContext, page: Page, told: Any) -> None:
    """Hand the worker what a push service brought."""
    session, [worker] = await context.new_cdp_session(page), context.service_workers
    known: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def note(event: dict[str, Any]) -> None:
        if event["registrations"] and not known.done():
            known.set_result(event["registrations"][0])

    session.on("ServiceWorker.workerRegistrationUpdated", note)
    await session.send("ServiceWorker.enable")
    async with asyncio.timeout(WAIT_S):
        registration = await known
    await session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": registration["scopeURL"].rstrip("/"),
            "registrationId": registration["registrationId"],
            "data": json.dumps(told),
        },
    )
    await worker.evaluate(
        """async () => {
          while (!(await self.registration.getNotifications()).length)
            await new Promise((resolve) => setTimeout(resolve, 20));
        }"""
    )


async def test_it_says_why_there_are_none(visit: Visit):
    """A browser that refuses, and one without a push service."""
    context = await with_worker(visit, permissions=["notifications"])
    chat = await opened(visit, context, None)
    await (await item(chat.page)).click()
    await expect(toast(chat)).to_contain_text("couldn’t reach its push service")
    await (await item(chat.page)).page.evaluate(
        "() => Object.defineProperty(Notification, 'permission', {get: () => 'denied'})"
    )
    await chat.page.get_by_role("menuitemcheckbox", name="Notify me of replies").click()
    await expect(toast(chat)).to_contain_text("Your browser blocks notifications")
    assert ok(await visit.person.page.get("/api/push/"))["subscriptions"] == 0
