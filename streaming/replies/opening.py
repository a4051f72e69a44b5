"""From a request to a stored turn: what it is built from, its plan, and its rows."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async

from conversations.errors import UnsupportedParameter
from conversations.files.models import File
from conversations.people import keys
from conversations.threads import access, parameters, selectors, services, storage
from conversations.threads import message_queue as queue
from conversations.threads.models import Awaits, Conversation, Message
from conversations.threads.selectors import OpenedTurn, TurnContext
from conversations.tools import finding
from conversations.tools.offers import Offer
from conversations.usage import budgets
from conversations.usage.budgets import Bounds
from providers.types import Tool, ToolChoice
from streaming.caller import Caller
from streaming.heavy_work import beside_the_loop
from streaming.replies import prompt_files
from streaming.replies.commands import TurnRequest
from streaming.replies.prompt import Plan, is_long, make_plan
from streaming.replies.prompt_files import Loaded
from streaming.route import Route
from streaming.routing import ModelNotOffered, Router
from streaming.tools import lists


@dataclass(frozen=True, slots=True)
class Looked:
    """The state of a request in the database: the turn that it `made` before, or the `context` of a
    new one and the `bounds` of its caller. Without them the conversation is busy."""

    made: OpenedTurn | None = None
    context: TurnContext | None = None
    bounds: Bounds | None = None


def look(caller: Caller, conversation_id: UUID, request: TurnRequest, *, busy: bool) -> Looked:
    """Look at what a turn is made from. In a `busy` conversation, and where a message that may be
    queued would overtake the queue, only at what was made before.

    Raises:
        Problem: not found, conflicting client_id, invalid input, no room, a budget is spent.
    """
    conversation = access.conversation(caller.user, conversation_id)
    known = selectors.known_turn(
        conversation=conversation,
        client_id=request.client_id,
        content=request.content,
        message_id=request.message_id,
        attachments=request.attachments,
    )
    if known is not None:
        return Looked(made=known)
    size = storage.text_bytes(request.content)
    services.require_room(user_id=conversation.user_id, size=size)
    context = selectors.turn_context(
        conversation=conversation,
        parent_id=request.parent_id,
        parent_given=request.parent_given,
        regenerate=request.message_id,
        go_on=request.go_on,
        author=caller.user,
        attachments=request.attachments,
    )
    busy = busy or conversation.awaits == Awaits.TOOLS
    if busy or (request.queue and _must_wait(conversation)):
        return Looked()
    # The caller may be as old as the socket.
    author, key = budgets.current(user=caller.user, key=caller.key)
    bounds = budgets.bounds_of(user=author, key=key)
    context = replace(context, instructions=author.instructions, default_model=author.default_model)
    return Looked(context=context, bounds=bounds)


def _must_wait(conversation: Conversation) -> bool:
    """Whether a message that may be queued has others before it, or a decision on tools."""
    following = queue.following(conversation_id=conversation.id)
    return bool(conversation.awaits) or following is not None


async def plan(
    router: Router, caller: Caller, context: TurnContext, request: TurnRequest, provider: str
) -> Plan:
    """The plan of the reply: its model and its prompt. Raises `ProviderError` and
    `UnsupportedParameter`."""
    settled = parameters.settle(context.conversation.settings, request.parameters)
    remembered = context.conversation.settings.get("model")
    default = await router.default_name(provider)
    model = keys.choose_model(
        caller.key, request.parameters.get("model"), None if provider else remembered, default
    )
    own = context.default_model
    if model is not None or provider or not keys.allows(caller.key, own, default):
        own = ""
    route = await _route(router, model, own, provider)
    if names := context.conversation.settings.get("tools"):
        context, shown = await _with_tools(context, caller, names, route.window)
        settled["tools"] = tuple(map(_tool, shown))
        if context.last_step:
            settled["tool_choice"] = ToolChoice("none")
    plan = await _fitted(caller, route, context, request, settled)
    if not route.fallback:
        for name in plan.left_out:
            if name in request.parameters:  # else it is remembered from another provider
                sentence = f"{route.provider.label} has no such parameter."
                raise UnsupportedParameter(
                    f"parameters.{name}: {sentence}", fields={"parameters": {name: [sentence]}}
                )
    return plan


async def _fitted(
    caller: Caller,
    route: Route,
    context: TurnContext,
    request: TurnRequest,
    settled: dict[str, Any],
) -> Plan:
    """The plan with as much of the history as fits, and its files: more is read where all that was
    read does."""
    files: list[File] = []
    parts: dict[UUID, Loaded] = {}
    while True:
        # The newest first, of which more may be had.
        above = [file for said in reversed(context.history) for file in said.files]
        if len(every_file := [*context.files, *above]) > len(files):
            files = every_file
            question = request.content or _newest_question(context)
            load = partial(prompt_files.load, files, question, route.window, route.model)
            parts = await database_sync_to_async(load)()
        make = partial(
            make_plan,
            caller=caller,
            route=route,
            history=context.history,
            older=context.older,
            content=request.content,
            parameters=settled,
            instructions=context.instructions,
            files=context.files,
            parts=parts,
            offers=() if context.last_step else context.offers,
        )
        plan = await beside_the_loop(make) if is_long(context.history) else make()
        if not context.older or plan.fitted.dropped > context.older:
            return plan
        context = await database_sync_to_async(selectors.more_history)(context=context)


async def _with_tools(
    context: TurnContext, caller: Caller, names: Sequence[str], window: int
) -> tuple[TurnContext, Sequence[Offer]]:
    """The context with the tools of its conversation, and those that the model is shown: of a long
    list only some, which is no reason to refuse a call of another."""
    every = await lists.offered(caller.user, names)
    if not finding.is_long(every, window):
        return replace(context, offers=every), every
    shown = await database_sync_to_async(finding.shortened)(context.conversation, every)
    return replace(context, offers=(*every, finding.FIND_TOOLS)), shown


def _tool(offer: Offer) -> Tool:
    return Tool(offer.name, offer.description, offer.schema or None)


def _newest_question(context: TurnContext) -> str:
    asked = (said.content for said in reversed(context.history) if said.role == Message.Role.USER)
    return next(asked, "")


async def _route(router: Router, model: str | None, own: str, provider: str) -> Route:
    """The way to the model, or, where none was chosen, to the author's own default, if it is still
    on offer."""
    if own:
        with suppress(ModelNotOffered):
            return await router.route_or_fallback(model=own)
    return await router.route_or_fallback(model=model, provider=provider)


def store(
    context: TurnContext, request: TurnRequest, plan: Plan, *, ids: tuple[UUID, UUID], writer: UUID
) -> OpenedTurn:
    """Store the rows of a turn. `ids` are those of the message and of its reply, in the order in
    which they were made. Raises as `services.open_turn`."""
    asked_id, reply_id = ids
    return services.open_turn(
        context=context,
        author=plan.caller.user,
        client_id=request.client_id,
        content=request.content,
        message_id=request.message_id,
        # A regeneration's are for itself alone.
        remember={} if request.content is None else request.parameters,
        reply=columns(plan, reply_id, writer),
        asked_id=asked_id,
    )


def columns(plan: Plan, reply_id: UUID, writer: UUID) -> dict[str, Any]:
    """The first fields of a reply's row."""
    return {
        "id": reply_id,
        "writer": writer,
        "model": plan.route.model,
        "provider_used": plan.route.provider.name,
        "fallback_used": plan.route.fallback,
        "parameters": parameters.of_reply(plan.parameters),
        "context": plan.context,
        "key": plan.caller.key,
        "door": plan.caller.door,
    }
