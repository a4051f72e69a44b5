"""The models of all wings, for Django: it looks for them here."""

from conversations.ids import new_id
from conversations.library.models import Preset, Prompt
from conversations.people.models import ApiKey, Invitation, User, all_scopes
from conversations.threads.models import Conversation, Message, QueuedMessage, Rating, SearchEntry
from conversations.usage.models import UsageRecord

# Migrations refer to `new_id` and `all_scopes` by these names.
__all__ = [
    "ApiKey",
    "Conversation",
    "Invitation",
    "Message",
    "Preset",
    "Prompt",
    "QueuedMessage",
    "Rating",
    "SearchEntry",
    "UsageRecord",
    "User",
    "all_scopes",
    "new_id",
]
