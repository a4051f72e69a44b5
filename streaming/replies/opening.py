"""From what somebody asks to a stored turn: what it is built from, which model is to answer, and
its rows."""

from typing import Any
from uuid import UUID

from conversations.people import keys
from conversations.people.models import User
from conversations.threads import access, parameters, selectors, services
from conversations.threads.selectors import OpenedTurn, TurnContext
from streaming.caller import Caller
from streaming.replies import engine
from streaming.replies.commands import Ask
from streaming.replies.engine import Plan
from streaming.routing import Router


def look(
    user: User, conversation_id: UUID, ask: Ask
) -> tuple[OpenedTurn | None, TurnContext | None]:
    """The turn that `ask` already made, or what a new one is built from."""
    conversation = access.conversation(user, conversation_id)
    known = selectors.known_turn(
        conversation=conversation,
        client_id=ask.client_id,
        content=ask.content,
        message_id=ask.message_id,
    )
    if known is not None:
        return known, None
    return None, selectors.turn_context(
        conversation=conversation,
        parent_id=ask.parent_id,
        parent_given=ask.parent_given,
        regenerate=ask.message_id,
        go_on=ask.go_on,
    )


async def plan(
    router: Router, caller: Caller, context: TurnContext, ask: Ask, provider: str
) -> Plan:
    """Which model is to answer, and what it is to be told. Raises `ProviderError`."""
    settled = {**parameters.defaults(), **context.conversation.settings, **ask.parameters}
    remembered = context.conversation.settings.get("model")
    model = keys.choose_model(
        caller.key, ask.parameters.get("model"), None if provider else remembered
    )
    route = await router.route_or_fallback(model=model, provider=provider)
    return engine.make_plan(
        caller=caller,
        route=route,
        history=context.history,
        content=ask.content,
        parameters=settled,
    )


def store(
    context: TurnContext, ask: Ask, plan: Plan, *, ids: tuple[UUID, UUID], writer: UUID
) -> OpenedTurn:
    """Store the rows of a turn: `ids` are those of the message and of its reply, made in this
    order. Raises as `services.open_turn`."""
    asked_id, reply_id = ids
    reply: dict[str, Any] = {
        "id": reply_id,
        "writer": writer,
        "model": plan.route.model,
        "provider_used": plan.route.provider.name,
        "fallback_used": plan.route.fallback,
        "parameters": {name: plan.parameters[name] for name in parameters.defaults()},
        "context": plan.fitted.as_context(plan.route.window),
        "key": plan.caller.key,
        "door": plan.caller.door,
    }
    return services.open_turn(
        context=context,
        client_id=ask.client_id,
        content=ask.content,
        message_id=ask.message_id,
        remember=ask.parameters,
        reply=reply,
        asked_id=asked_id,
    )
