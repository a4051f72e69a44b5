"""REST for replies: generate and wait, stop, the message queue, the models.

Views that wait for a reply are async: they keep neither a thread nor a database connection
while they wait.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.errors import error_body
from conversations.people import keys
from conversations.people.authentication import caller, key_of
from conversations.people.models import ApiKey
from conversations.schema import extend_schema
from conversations.threads import access, selectors
from conversations.threads.models import Message, Status
from conversations.threads.parameters import EFFORTS
from conversations.threads.serializers import BARE_MESSAGE, MessageSerializer
from conversations.threads.shapes import ToolCallSerializer
from conversations.tools import selectors as tool_calls
from providers.base import Provider
from providers.errors import ProviderError
from streaming.catalog import CatalogEntry
from streaming.errors import http_status
from streaming.lifecycle import lifecycle
from streaming.replies import message_queue
from streaming.replies.commands import (
    DecisionSerializer,
    MessageIdSerializer,
    QueueOrderSerializer,
    RegenerateSerializer,
    UserMessageSerializer,
    parse_decision,
    parse_id,
    parse_queue_order,
    parse_turn_request,
)
from streaming.rest import live_text, schema
from streaming.rest.async_view import AsyncAPIView, AsyncConversationView, retry

# How long `stop` waits for the end before it answers with what is so far, in seconds.
STOP_PATIENCE = 5.0


class GenerateView(AsyncConversationView):
    """Send a message, or regenerate a reply, and get the whole reply: the way without a socket.

    A `client_id` that is known joins the reply that it made, and answers at its end.
    """

    throttle_classes = ()  # replies have limits of their own

    @extend_schema(
        request=PolymorphicProxySerializer(
            component_name="Generate",
            serializers=[UserMessageSerializer, RegenerateSerializer],
            resource_type_field_name=None,
        ),
        parameters=[OpenApiParameter("provider", str, description="Staff only."), schema.RETRY],
        responses={
            200: schema.TurnSerializer,
            202: schema.WAITS,
            409: schema.REFUSED_AS_BUSY,
            429: schema.REFUSED_BY_A_LIMIT,
            **schema.FAILED,
        },
    )
    async def post(self, request: Request, pk: UUID) -> Response:
        data = request.data
        regenerate = isinstance(data, dict) and "message_id" in data
        turn_request = parse_turn_request(data, regenerate=regenerate)
        turns = (await lifecycle.start()).turns
        reply_id, _ = await turns.begin(
            self.caller(), pk, turn_request, provider=self.chosen_provider()
        )
        key = key_of(request)
        if reply_id is None:
            items, held = await message_queue.items(pk)
            if not keys.may_read(key):
                sent = str(turn_request.client_id)
                items = [item for item in items if item["client_id"] == sent]
            return Response({"queue": items, "held": held}, status=status.HTTP_202_ACCEPTED)
        await turns.wait(reply_id)
        opened = await turns.result(reply_id)
        asked, reply = opened.user_message, opened.reply
        # A key without `read` gets what it made itself: no older question, and no other answer
        # to one.
        readable = keys.may_read(key) or (
            asked is not None and key is not None and reply.key_id == key.pk
        )
        if asked is None:
            asked = await database_sync_to_async(selectors.question)(reply=reply)
        return _answer(asked, reply, readable=readable)


class QueueView(AsyncConversationView):
    """The message queue of a conversation."""

    @extend_schema(responses=schema.QueueSerializer)
    async def get(self, request: Request, pk: UUID) -> Response:
        await database_sync_to_async(access.conversation)(caller(request), pk)
        return await _queue(pk)


class QueueResumeView(AsyncConversationView):
    """The message queue, held since a reply was stopped."""

    @extend_schema(request=None, responses=schema.QueueSerializer)
    async def post(self, request: Request, pk: UUID) -> Response:
        """Send the first of the messages that are held; the others follow it."""
        await database_sync_to_async(access.conversation)(caller(request), pk)
        await (await lifecycle.start()).turns.resume_queue(pk)
        return await _queue(pk)


class QueueOrderView(AsyncConversationView):
    """The order of the message queue."""

    @extend_schema(request=QueueOrderSerializer, responses=schema.QueueSerializer)
    async def post(self, request: Request, pk: UUID) -> Response:
        """Put the messages into this order. Those that it does not name stay behind, in theirs."""
        order = parse_queue_order(request.data)
        await message_queue.arrange(caller(request), pk, order)
        return await _queue(pk)


class QueuedNowView(AsyncConversationView):
    """A queued message that is not to wait."""

    @extend_schema(request=None, responses=schema.QueueSerializer)
    async def post(self, request: Request, pk: UUID, client_id: UUID) -> Response:
        """Stop what runs, and send this message before the others; 404 when it does not wait (any
        more)."""
        await (await lifecycle.start()).turns.send_now(caller(request), pk, client_id)
        return await _queue(pk)


class QueuedView(AsyncConversationView):
    """One queued message."""

    @extend_schema(responses={status.HTTP_204_NO_CONTENT: None})
    async def delete(self, request: Request, pk: UUID, client_id: UUID) -> Response:
        """Remove it; 404 when it is not in the queue (any more)."""
        await message_queue.take_back(caller(request), pk, client_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class StopView(AsyncConversationView):
    """Stop a reply. The text so far is kept; repeating it changes nothing."""

    @extend_schema(request=MessageIdSerializer, responses=MessageSerializer)
    async def post(self, request: Request, pk: UUID) -> Response:
        reply_id, user = parse_id(request.data), caller(request)
        await database_sync_to_async(access.message)(user, reply_id, pk)
        turns = (await lifecycle.start()).turns
        await turns.stop_for_person(reply_id, pk)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_PATIENCE):
                await turns.wait(reply_id)

        def look() -> Message:
            row = access.message(user, reply_id, pk)
            selectors.add_files([row])
            live_text.catch_up([row])
            return row

        row = await database_sync_to_async(look)()
        return Response(_message(row, readable=keys.may_read(key_of(request))))


class DecideView(AsyncAPIView):
    """A decision on a tool call."""

    @extend_schema(
        request=DecisionSerializer,
        responses={200: ToolCallSerializer, 409: schema.DECIDED},
    )
    async def post(self, request: Request, message_id: UUID, call_id: UUID) -> Response:
        """Allow or deny a call. The first decision counts; repeating it changes nothing."""
        user = caller(request)
        await database_sync_to_async(access.message)(user, message_id)
        decision = parse_decision(request.data)
        turns = (await lifecycle.start()).turns
        call = await turns.decide(user, message_id, call_id, decision)
        wire = tool_calls.as_wire(call)
        readable = keys.may_read(key_of(request))
        return Response(wire if readable else {"id": wire["id"], "state": wire["state"]})


class ModelsView(AsyncAPIView):
    """The models, the bounds of the parameters, and whether the provider answers."""

    scope = "models"

    @extend_schema(
        parameters=[OpenApiParameter("provider", str, description="Staff only.")],
        responses=schema.ModelsSerializer,
    )
    async def get(self, request: Request) -> Response:
        runtime = await lifecycle.start()
        router, chosen = runtime.router, self.chosen_provider()
        provider, default = await router.choose(chosen), None
        entries, error = await runtime.catalog.entries(provider, alone=bool(chosen))
        if error is None:
            with suppress(ProviderError):  # it has no model
                default = await router.default_model(provider)
        return Response(
            {
                "provider": provider.name,
                "provider_labels": _labels(router.providers, entries, key_of(request)),
                "default": default,
                "error": {"code": error.code, "message": error.message} if error else None,
                "notice": provider.notice,
                "notice_code": provider.notice_code,
                "results": [
                    _model(entry)
                    for entry in entries
                    if entry.model.chats and keys.allows(key_of(request), entry.id, provider.name)
                ],
                "parameters": {
                    name: {"min": least, "max": most, "default": usual, "step": step}
                    for name, (least, most, usual, step) in settings.CHAT_PARAMETERS.items()
                },
                "choices": {"reasoning_effort": list(EFFORTS)},
                "reasoning_tokens": settings.CHAT_REASONING_TOKENS,
            }
        )


def _labels(
    providers: Mapping[str, Provider], entries: list[CatalogEntry], key: ApiKey | None
) -> dict[str, str]:
    """What people call the providers. A key is told of those alone whose models it may use."""
    listed = [
        entry.provider
        for entry in entries
        if key is None or keys.allows(key, entry.id, entry.provider.name)
    ]
    known = [*providers.values(), *listed] if key is None else listed
    return {provider.name: provider.label for provider in known}


async def _queue(pk: UUID) -> Response:
    items, held = await message_queue.items(pk)
    return Response({"queue": items, "held": held})


def _message(row: Message, *, readable: bool) -> dict[str, Any]:
    """A message; its ids and status for a caller that may not read it."""
    data: dict[str, Any] = MessageSerializer(row).data
    return data if readable else {name: data[name] for name in BARE_MESSAGE}


def _answer(asked: Message | None, reply: Message, *, readable: bool) -> Response:
    """The answer of `generate` for a reply that has ended, and the question before it."""
    body = {
        "user_message": _message(asked, readable=readable) if asked else None,
        "message": _message(reply, readable=readable),
        "provider_used": reply.provider_used,
        "fallback_used": reply.fallback_used,
        "tokens": reply.tokens,
    }
    if reply.status != Status.FAILED:
        return Response(body)
    error = reply.error or {}
    code, message = error.get("code", "provider_failed"), error.get("message", "The reply failed.")
    failed = http_status(code)
    headers = retry(failed, error.get("retry_after"))
    failure = error_body(code, message, detail=error.get("detail", ""))
    return Response({**failure, **body}, status=failed, headers=headers)


def _model(entry: CatalogEntry) -> dict[str, Any]:
    model = entry.model
    effort = {"reasoning_effort"} if "thinking" in model.capabilities else set()
    return {
        "id": entry.id,
        "label": model.label,
        "provider": entry.provider.name,
        "stale": entry.stale,
        "context_length": model.window,
        "capabilities": list(model.capabilities),
        "parameters": sorted(entry.provider.parameters | effort),
        "size_bytes": model.size_bytes,
        "parameter_size": model.parameter_size or None,
        "quantization_level": model.quantization_level or None,
        "remote": model.remote,
    }
