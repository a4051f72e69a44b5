"""What stands around a server."""

from collections.abc import Callable, Iterator

import pytest

from tests.harness.nginx import Nginx


@pytest.fixture
def nginx() -> Iterator[Callable[..., Nginx]]:
    """`nginx([port, …], changes={…})` runs in front of these servers until the test ends."""
    made: list[Nginx] = []

    def start(servers: list[int], changes: dict[str, str] | None = None) -> Nginx:
        made.append(Nginx(servers, changes=changes))
        made[-1].start()
        return made[-1]

    yield start
    for service in made:
        service.close()
