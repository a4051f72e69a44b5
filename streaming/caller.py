"""The user or API key that sent a request, and through which door."""

from dataclasses import dataclass, field
from math import inf
from time import monotonic
from uuid import UUID

from django.conf import settings

from conversations.people.models import ApiKey, User

# A request begins its reply sooner than this. Of older callers, such as a socket's, the rows are
# read again.
JUST_READ_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Caller:
    """A user and, where one was used, the API key. `door` is `socket`, `rest` or `v1`. `read_at` is
    when the database told them, on the monotonic clock, where that may be relied on."""

    user: User
    key: ApiKey | None = None
    door: str = ""
    read_at: float = field(default=-inf, compare=False)

    @property
    def just_read(self) -> bool:
        """Whether the rows need not be read again for what happens now."""
        return monotonic() - self.read_at < JUST_READ_SECONDS

    @property
    def key_id(self) -> UUID | None:
        return self.key.pk if self.key else None

    def chosen_provider(self, name: str) -> str:
        """The provider that `?provider=` names, for staff and in development; `""` for others."""
        return name if settings.DEBUG or self.user.is_staff else ""
