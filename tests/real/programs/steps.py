"""What every program of this folder does: run its steps, and print what came out, as JSON.

Run by another Python than ours, with `OPENAI_BASE_URL` and `OPENAI_API_KEY` set.
"""

import asyncio
import inspect
import json
import os
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

BASE = os.environ["OPENAI_BASE_URL"]
KEY = os.environ["OPENAI_API_KEY"]


class City(BaseModel):
    city: str
    people: int


def clock(zone: str) -> str:
    """Tell the time in a zone.

    Args:
        zone: the name of the zone
    """
    return f"noon in {zone}"


def play(**steps: Callable[[], Any]) -> None:
    """Print `{step: what it returned}`; a step may be a coroutine function."""

    async def run() -> dict[str, Any]:
        results = {}
        for name, step in steps.items():
            result = await asyncio.to_thread(step) if not _waits(step) else await step()
            results[name] = result.model_dump() if isinstance(result, BaseModel) else result
        return results

    print("\n" + json.dumps(asyncio.run(run())))


def refusal(step: Callable[[], Any]) -> str:
    """The text of what a step raises."""
    try:
        result = step()
    except Exception as error:  # noqa: BLE001 - each library has its own
        return str(error)
    raise AssertionError(f"was not refused: {result}")


async def refusal_of(step: Callable[[], Any]) -> str:
    try:
        result = await step()
    except Exception as error:  # noqa: BLE001 - each library has its own
        return str(error)
    raise AssertionError(f"was not refused: {result}")


def _waits(step: Callable[[], Any]) -> bool:
    return inspect.iscoroutinefunction(step)
