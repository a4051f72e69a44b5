"""How values are written into Redis: as JSON. With Django's own form, pickle, whoever can write
there could run code in the server."""

import json
from typing import Any


class JsonSerializer:
    """For the option `serializer` of Django's Redis cache. Numbers stay numbers, so that Redis can
    count with them."""

    def dumps(self, value: Any) -> int | bytes:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
