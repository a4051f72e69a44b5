"""Long lists of tools: a model is offered one tool that finds the others."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import orjson

from conversations.threads.models import Conversation
from conversations.tools import offers as tool_offers
from conversations.tools.built_in import BUILT_IN
from conversations.tools.models import State, ToolCall
from conversations.tools.offers import Offer

# The share of a window that a list of tools may take, and the tokens that it may take in any; and
# characters of a token, about.
SHARE: Final = 0.05
LEAST_TOKENS: Final = 1000
CHARACTERS: Final = 4
# Tools that one search gives, and searches whose tools stay offered.
MOST_FOUND: Final = 8
REMEMBERED: Final = 3

FIND_TOOLS: Final = Offer(
    name="find_tools",
    server=BUILT_IN,
    tool="find_tools",
    description="Find tools by what they do. The tools that are found can be called from then on.",
    schema={
        "type": "object",
        "properties": {"query": {"type": "string", "maxLength": 500}},
        "required": ["query"],
        "additionalProperties": False,
    },
    read_only=True,
    open_world=False,
)


def is_long(offers: Iterable[Offer], window: int) -> bool:
    """Tell whether a list of tools takes too much of a window."""
    size = sum(len(o.name) + len(o.description) + len(orjson.dumps(o.schema)) for o in offers)
    return size / CHARACTERS > max(SHARE * window, LEAST_TOKENS)


def shortened(conversation: Conversation, offers: Sequence[Offer]) -> list[Offer]:
    """Return what is shown of a long list: what is built in, and what was found lately."""
    rows = ToolCall.objects.filter(
        message__conversation=conversation, name=FIND_TOOLS.tool, state=State.DONE
    ).order_by("-completed_at")
    lists = rows.values_list("found", flat=True)[:REMEMBERED]
    found = {name for names in lists for name in names}
    shown = [o for o in offers if o.server == BUILT_IN or o.name in found]
    return [*shown, FIND_TOOLS]


def find(*, conversation: Conversation, query: str) -> tuple[str, list[str]]:
    """Return the tools of a conversation that fit the words best: as text, and their names."""
    names = conversation.settings.get("tools") or ()
    offers = tool_offers.offered(user=conversation.user, names=names)
    words = set(_words(query))
    ranked = sorted(
        ((len(words.intersection(_words(f"{o.name} {o.description}"))), o) for o in offers),
        key=lambda pair: -pair[0],
    )
    best = [offer for count, offer in ranked if count][:MOST_FOUND]
    if not best:
        return "No tool was found. Try other words.", []
    text = "\n".join(f"{offer.name}: {offer.description[:300]}" for offer in best)
    return text, [offer.name for offer in best]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]{2,}", text.lower())
