"""What is measured of a site. Each returns its figures by name; times are in milliseconds."""

import asyncio
import gc
import io
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from statistics import median, quantiles

from PIL import Image

from bench.server.load import NANO, Heard, Requests, Wrong
from bench.server.model import SCRIPTS
from bench.server.sites import Client, Floor, Server, Site, cpu_seconds, get, resident

Figures = dict[str, float]


def _ms(seconds: Iterable[float], name: str) -> Figures:
    values = sorted(seconds)
    p99 = quantiles(values, n=100)[98] if len(values) > 1 else values[0]
    return {f"{name} p50": median(values) * 1000, f"{name} p99": p99 * 1000}


def _whole(heard: list[Heard], model: str) -> None:
    if any(reply.tokens != SCRIPTS[model].tokens for reply in heard):
        raise Wrong("a reply was not whole")


async def turns(site: Site, door: str, count: int, history: int = 0) -> Figures:
    """One turn of four tokens after the other: time to the first token, processor time of a turn.
    With `history`, in a conversation of so many turns."""
    async with AsyncExitStack() as stack:
        if history:
            assert isinstance(site, Server)  # noqa: S101 - only they have a history
            clients: list[Client] = [await site.socket(site.chat(history), stack)]
        else:
            clients = await site.clients(door, max(1, count // 10), stack)
        for client in clients:
            await client.ask("four")
        before = cpu_seconds(site.pid)
        heard = [await clients[number % len(clients)].ask("four") for number in range(count)]
        used = cpu_seconds(site.pid) - before
        _whole(heard, "four")
        name = f" in a chat of {2 * history}" if history else ""
        return {
            f"CPU ms a turn{name}": used / count * 1000,
            **_ms((reply.first for reply in heard), f"first token{name}"),
        }


async def herd(site: Site, door: str, count: int = 100) -> Figures:
    """So many turns at the same instant."""
    async with AsyncExitStack() as stack:
        clients = await site.clients(door, count, stack)
        before = cpu_seconds(site.pid)
        heard = await asyncio.gather(*(client.ask("four") for client in clients))
        used = cpu_seconds(site.pid) - before
        _whole(heard, "four")
        return {
            "CPU ms a turn, herd": used / count * 1000,
            **_ms((reply.first for reply in heard), "first token, herd"),
        }


async def paced(site: Site, door: str, streams: int) -> Figures:
    """So many streams of 20 tokens a second at once: processor time of a token, and how long it is
    under way. The beginning, which is a herd, is left out of both, and the end."""
    skipped, end = max(20, streams // 5), 20
    async with AsyncExitStack() as stack:
        clients = await site.clients(door, streams, stack)
        gc.collect()
        replies = [asyncio.create_task(client.ask("paced")) for client in clients]
        await asyncio.sleep(skipped * SCRIPTS["paced"].gap)
        before, began = cpu_seconds(site.pid), time.monotonic()
        await asyncio.sleep((SCRIPTS["paced"].tokens - skipped - end) * SCRIPTS["paced"].gap)
        used, lasted = cpu_seconds(site.pid) - before, time.monotonic() - began
        heard = await asyncio.gather(*replies)
        _whole(heard, "paced")
        tokens = streams * lasted / SCRIPTS["paced"].gap
        delays = (delay for reply in heard for delay in reply.delays[skipped:-end])
        return {
            f"CPU µs a token, {streams}": used / tokens * 1e6,
            **_ms(delays, f"relay, {streams}"),
        }


async def saturation(site: Site, door: str, streams: int = 10) -> Figures:
    """Streams as fast as they go."""
    async with AsyncExitStack() as stack:
        clients = await site.clients(door, streams, stack)
        before, began = cpu_seconds(site.pid), time.monotonic()
        heard = await asyncio.gather(*(client.ask("fast") for client in clients))
        used, lasted = cpu_seconds(site.pid) - before, time.monotonic() - began
        _whole(heard, "fast")
        tokens = sum(reply.tokens for reply in heard)
        return {"tokens a second": tokens / lasted, "tokens a CPU second": tokens / used}


async def statements(site: Server, door: str, count: int = 20) -> Figures:
    """What one turn after the other asks of PostgreSQL, and in how many transactions."""
    async with AsyncExitStack() as stack:
        with site.logged_statements() as logged:
            [client] = await site.clients(door, 1, stack)
            await client.ask("four")
            await client.ask("four")
            before = logged()
            for _ in range(count):
                await client.ask("four")
            asked = logged()[len(before) :]
        transactions = asked.count("BEGIN")
        ends = transactions + asked.count("COMMIT")
        return {
            "statements a turn": (len(asked) - ends) / count,
            "transactions a turn": transactions / count,
        }


async def release(site: Site, model_port: int, times: int) -> Figures:
    """From a client of `/v1` that goes away until the model's connection is closed."""
    found = []
    for _ in range(times):
        async with AsyncExitStack() as stack:
            [client] = await site.clients("v1", 1, stack)
            assert isinstance(client, Requests)  # noqa: S101 - they are, at this door
            events = client.events("endless")
            for _ in range(3):
                await anext(events)
            await asyncio.to_thread(get, model_port, "/left")
            left = time.monotonic_ns()
            client.abort()
            released = await asyncio.to_thread(get, model_port, "/left?wait")
            assert isinstance(released, list)  # noqa: S101 - the model says so
            found.append((released[0] - left) / NANO)
            await events.aclose()
    return {"release": median(found) * 1000}


async def idle(site: Server | Floor, count: int) -> Figures:
    """Memory of an open socket that says nothing."""
    async with AsyncExitStack() as stack:
        chat = site.chat()
        await site.socket(chat, stack)
        before = resident(site.pid)
        for _ in range(count):
            await site.socket(chat, stack)
        await asyncio.sleep(0.5)
        return {"KiB a socket": (resident(site.pid) - before) / count * 1024}


async def uploads(site: Server, people: int = 10) -> Figures:
    """Memory of the server above idle while so many upload a picture of nearly 20 MB at once, and
    are told that it was read."""
    picture = io.BytesIO()
    Image.effect_noise((5000, 3900), 90).save(picture, "JPEG", quality=94)
    photo = picture.getvalue()
    await site.upload(photo, "warm")
    before, most = resident(site.pid), 0.0
    sending = asyncio.gather(*(site.upload(photo, str(number)) for number in range(people)))
    while not sending.done():
        most = max(most, resident(site.pid))
        await asyncio.sleep(0.01)
    await sending
    return {"MB of an upload": len(photo) / 1e6, "MiB above idle while uploading": most - before}
