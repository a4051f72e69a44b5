"""`python -m bench.chaos`: talk with four processes while they are killed, and count what holds.

Real PostgreSQL, real Redis, four server processes (uvicorn and daphne), a scripted model. It ends
with an error at the first thing that does not hold.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from tests.harness.chaos import chaos
from tests.harness.postgresql import PostgreSQL
from tests.harness.redis_server import RedisServer
from tests.harness.several import no_failures, processes


async def run(
    postgresql: PostgreSQL, redis: RedisServer, path: Path, seed: int, generations: int, lanes: int
) -> None:
    async with processes(postgresql, redis, path, 4, CHAT_DRAIN_SECONDS=2) as place:
        begun = time.monotonic()
        report = await chaos(place, redis, seed=seed, generations=generations, lanes=lanes)
        no_failures(place)
        print(f"seed {seed}: everything holds, after {time.monotonic() - begun:.0f} s")
        for line in report.lines():
            print(f"  {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--generations", type=int, default=200)
    parser.add_argument("--lanes", type=int, default=40, help="conversations at once")
    options = parser.parse_args()
    postgresql, redis = PostgreSQL(), RedisServer()
    try:
        postgresql.start()
        redis.start()
        with tempfile.TemporaryDirectory() as path:
            asyncio.run(run(postgresql, redis, Path(path), **vars(options)))
    finally:
        postgresql.close()
        redis.close()


if __name__ == "__main__":
    main()
