"""The user or API key that sent a request, and through which door."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

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

    def chosen_provider(self, name: str) -> str:
        """The provider that `?provider=` names, for staff and in development; `""` for others."""
        return name if settings.DEBUG or self.user.is_staff else ""
