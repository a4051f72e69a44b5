"""What stands around a server."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.harness.nginx import Nginx


@pytest.fixture
def nginx() -> Iterator[Callable[..., Nginx]]:
    """`nginx([port, …], changes={…}, …)` runs in front of these servers until the test ends."""
    made: list[Nginx] = []

    def start(*arguments: Any, **options: Any) -> Nginx:
        made.append(Nginx(*arguments, **options))
        made[-1].start()
        return made[-1]

    yield start
    for service in made:
        service.close()
