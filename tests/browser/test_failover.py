"""A short form of the failover report: a few seeds, the same each time."""

from playwright.async_api import Browser

from tests.browser.failover import KINDS, many, report
from tests.conftest import Servers
from tests.harness.place import place_at

# Together they have every kind of fault, and none that REST needs half a minute for.
SEEDS = (1, 3, 4, 6, 7, 8, 9, 14, 30, 34)


async def test_nothing_is_lost_doubled_or_stuck(browser: Browser, servers: Servers):
    """Over a network that is cut, blocked, muted and slowed at random."""
    async with place_at(servers("daphne", "lively")) as place:
        runs = await many(browser, place, SEEDS, at_once=5)
    assert not [one for one in runs if one.troubles], report(runs)
    assert sum(len(one.seconds) for one in runs) == 20
    assert set().union(*(one.faults for one in runs)) == set(KINDS)
