"""The ids of rows."""

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """A version 7 UUID: ids made later sort later."""
    return uuid7()
