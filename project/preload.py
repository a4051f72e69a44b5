"""Puts the first data of the chat into its page, which saves it two requests."""

from typing import Any
from uuid import UUID

from conversations.library import services as library
from conversations.people.models import User
from conversations.threads import ratings, selectors
from conversations.threads.serializers import ConversationSerializer, MessageSerializer
from streaming.rest import live_text

# As many messages as the page asks for (`FIRST_PAGE` in `web/src/state/queries.ts`).
FIRST_PAGE = 60
# As many prompts as a chat without messages offers.
FIRST_PROMPTS = 4


def preloaded(user: User, conversation_id: UUID) -> dict[str, Any] | None:
    """Return the conversation and the end of its shown branch in the shapes of REST, or `None`
    when it is missing or another user's."""
    row = selectors.shown_conversation(user=user, conversation_id=conversation_id)
    if row is None:
        return None
    page = selectors.messages(conversation=row, from_end=True, limit=FIRST_PAGE)
    ratings.add(page.messages, user)
    live_text.catch_up(page.messages)
    data: dict[str, Any] = {
        "conversation": ConversationSerializer(row).data,
        "messages": MessageSerializer(page.messages, many=True).data,
    }
    if not page.messages:
        # What a new chat begins with.
        data["prompts"] = library.first_prompts(user=user, count=FIRST_PROMPTS)
    return data
