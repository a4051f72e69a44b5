"""The commands on a conversation, validated: the same for the socket and REST."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework import serializers

from conversations.fields import IdField, StrictBooleanField, StrictSerializer, TextField, valid
from conversations.files.serializers import AttachmentsField
from conversations.threads.message_queue import MOST_QUEUED
from conversations.threads.parameters import ParametersSerializer
from conversations.threads.serializers import ContentField
from conversations.tools import inputs
from conversations.tools.approval import Decision

# Characters of a word to the model with a denied call.
MOST_REASON = 2000


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """Send `content` with its `attachments` and get a reply; or regenerate the reply `message_id`;
    or, with `go_on`, continue it.

    `parent_given` tells a `parent_id` of null (a new root) from a missing one. With `queue` the
    message joins the message queue when the conversation is busy.
    """

    client_id: UUID
    parameters: dict[str, Any]
    content: str | None = None
    parent_id: UUID | None = None
    parent_given: bool = False
    message_id: UUID | None = None
    go_on: bool = False
    queue: bool = False
    attachments: tuple[UUID, ...] = ()


class UserMessageSerializer(StrictSerializer):
    client_id = IdField()
    content = ContentField(required=False)
    attachments = AttachmentsField(required=False)
    parent_id = IdField(required=False, allow_null=True)
    parameters = ParametersSerializer(required=False, allow_null=True)
    queue = serializers.BooleanField(required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if not data.get("content", "").strip() and not data.get("attachments"):
            blank = "content" in data
            sentence = "This field may not be blank." if blank else "This field is required."
            raise serializers.ValidationError({"content": [sentence]})
        return data


class RegenerateSerializer(StrictSerializer):
    client_id = IdField()
    message_id = IdField()
    parameters = ParametersSerializer(required=False, allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "continue": serializers.BooleanField(required=False)}


class AnswerSerializer(StrictSerializer):
    """An answer to what a tool server asks."""

    action = serializers.ChoiceField(choices=inputs.ACTIONS)
    content = serializers.DictField(
        required=False, help_text="With `accept` of a form: its fields by their names."
    )


class DecisionSerializer(StrictSerializer):
    """The decision of a person on a tool call."""

    client_id = IdField()
    allow = StrictBooleanField()
    remember = serializers.ChoiceField(
        choices=["once", "conversation", "always"],
        required=False,
        help_text="For how long this tool is allowed; default: once.",
    )
    arguments = serializers.DictField(
        required=False, allow_null=True, help_text="Instead of those that the model wrote."
    )
    reason = TextField(
        max_length=MOST_REASON,
        allow_blank=True,
        required=False,
        help_text="Why the call is denied; the model gets to know it.",
    )
    answers = serializers.DictField(
        child=AnswerSerializer(),
        required=False,
        help_text="Where the call has `input`: an answer to each question, by the questions' ids.",
    )


class DecideSerializer(DecisionSerializer):
    message_id = IdField()
    call_id = IdField()


class ClientIdSerializer(StrictSerializer):
    client_id = IdField()


class QueueOrderSerializer(StrictSerializer):
    client_ids = serializers.ListField(child=IdField(), max_length=MOST_QUEUED)


class MessageIdSerializer(StrictSerializer):
    id = IdField()


# Made once, since a serializer copies its fields each time that it is made. They keep nothing of
# what they validate.
_USER_MESSAGE, _REGENERATE = UserMessageSerializer(), RegenerateSerializer()
_CLIENT_ID, _MESSAGE_ID = ClientIdSerializer(), MessageIdSerializer()


def parse_turn_request(data: Any, *, regenerate: bool) -> TurnRequest:
    """The command in `data`. Raises REST framework's `ValidationError`, naming the fields."""
    valid = (_REGENERATE if regenerate else _USER_MESSAGE).run_validation(data)
    return TurnRequest(
        client_id=valid["client_id"],
        parameters=dict(valid.get("parameters") or {}),
        content=None if regenerate else valid.get("content", ""),
        parent_id=valid.get("parent_id"),
        parent_given="parent_id" in valid,
        message_id=valid.get("message_id"),
        go_on=valid.get("continue", False),
        queue=valid.get("queue", False),
        attachments=tuple(valid.get("attachments", ())),
    )


def parse_decision(data: Any) -> Decision:
    """The decision in `data`. Raises `ValidationError`."""
    return _decision(valid(DecisionSerializer(data=data)))


def parse_decide(data: Any) -> tuple[UUID, UUID, Decision]:
    """The message, the call and the decision in a frame. Raises `ValidationError`."""
    given = valid(DecideSerializer(data=data))
    return given["message_id"], given["call_id"], _decision(given)


def _decision(given: dict[str, Any]) -> Decision:
    return Decision(
        client_id=given["client_id"],
        allow=given["allow"],
        remember=given.get("remember", "once"),
        arguments=given.get("arguments"),
        reason=given.get("reason", "").strip(),
        answers=given.get("answers"),
    )


def parse_client_id(data: Any) -> UUID:
    """The client_id in `{"client_id": …}`. Raises `ValidationError`."""
    return UUID(str(_CLIENT_ID.run_validation(data)["client_id"]))


def parse_queue_order(data: Any) -> list[UUID]:
    """The ids in `{"client_ids": […]}`. Raises `ValidationError`."""
    return [UUID(str(one)) for one in valid(QueueOrderSerializer(data=data))["client_ids"]]


def parse_id(data: Any) -> UUID:
    """The message id in `{"id": …}`. Raises `ValidationError`."""
    return UUID(str(_MESSAGE_ID.run_validation(data)["id"]))
