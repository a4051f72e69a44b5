"""The user or API key that sent a request, and through which door."""

from dataclasses import dataclass
from uuid import UUID

from conversations.people.models import ApiKey, User


@dataclass(frozen=True, slots=True)
class Caller:
    """A user and, where one was used, the API key. `door` is `socket`, `rest` or `v1`."""

    user: User
    key: ApiKey | None = None
    door: str = ""

    @property
    def key_id(self) -> UUID | None:
        return self.key.pk if self.key else None
