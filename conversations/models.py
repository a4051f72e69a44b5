"""The models of all wings, for Django: it looks for them here."""

from conversations.connections.models import Connection, ModelDefaults, ModelJob
from conversations.files.models import Attachment, File, FileContent, unsent_until
from conversations.ids import new_id
from conversations.library.models import Preset, Prompt
from conversations.people.models import ApiKey, Invitation, User, all_scopes
from conversations.push.models import PushSubscription
from conversations.threads.models import Conversation, Message, QueuedMessage, Rating, SearchEntry
from conversations.tools.models import ToolCall, ToolRule, ToolServer, ToolSignIn
from conversations.usage.models import UsageRecord

# Migrations refer to the functions by these names.
__all__ = [
    "ApiKey",
    "Attachment",
    "Connection",
    "Conversation",
    "File",
    "FileContent",
    "Invitation",
    "Message",
    "ModelDefaults",
    "ModelJob",
    "Preset",
    "Prompt",
    "PushSubscription",
    "QueuedMessage",
    "Rating",
    "SearchEntry",
    "ToolCall",
    "ToolRule",
    "ToolServer",
    "ToolSignIn",
    "UsageRecord",
    "User",
    "all_scopes",
    "new_id",
    "unsent_until",
]
