"""REST for the caller's prompts and presets."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import pagination
from conversations.fields import StrictSerializer, valid
from conversations.library import services
from conversations.library.models import Entry, Preset, Prompt
from conversations.library.serializers import (
    PresetInput,
    PresetSerializer,
    PromptInput,
    PromptSerializer,
)
from conversations.people import keys
from conversations.people.authentication import caller, key_of
from conversations.schema import ERROR_REF, extend_schema

FULL = OpenApiResponse(ERROR_REF, "The library is full.")


class Entries(mixins.ListModelMixin, viewsets.GenericViewSet[Any]):
    """The caller's entries of one kind."""

    lookup_value_converter = "id"
    pagination_class = pagination.OnePage
    kind: ClassVar[type[Entry]]
    body: ClassVar[type[StrictSerializer]]
    all_of: ClassVar[Callable[..., QuerySet[Any]]]

    def get_queryset(self) -> QuerySet[Any]:
        return type(self).all_of(user=caller(self.request))

    def create(self, request: Request) -> Response:
        fields = valid(self.body(data=request.data))
        row = services.create(self.kind, user=caller(request), **fields)
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        return self._answer(request, services.owned(self.kind, caller(request), pk))

    def partial_update(self, request: Request, pk: UUID) -> Response:
        row = services.owned(self.kind, caller(request), pk)
        changes = valid(self.body(data=request.data, partial=True))
        return self._answer(request, services.update(entry=row, changes=changes))

    def destroy(self, request: Request, pk: UUID) -> Response:
        services.owned(self.kind, caller(request), pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answer(self, request: Request, row: Entry) -> Response:
        """The entry; its id to a key that may not read."""
        data = self.get_serializer(row).data
        return Response(data if keys.may_read(key_of(request)) else {"id": data["id"]})


def described(
    noun: str, body: type[StrictSerializer], shape: type[serializers.BaseSerializer[Any]]
) -> Callable[[type[Entries]], type[Entries]]:
    """Describe the calls of a kind of entries."""
    calls: dict[str, dict[str, Any]] = {
        "list": {
            "description": f"The caller's {noun}s, oldest first.",
            "responses": shape(many=True),
        },
        "create": {
            "description": f"Keep a {noun}.",
            "request": body,
            "responses": {201: shape, 409: FULL},
        },
        "retrieve": {"description": f"One {noun}.", "responses": shape},
        "partial_update": {
            "description": f"Change a {noun}.",
            "request": body,
            "responses": shape,
        },
        "destroy": {"description": f"Delete a {noun}.", "responses": {204: None}},
    }

    def describe(view: type[Entries]) -> type[Entries]:
        for name, description in calls.items():
            # A handler of its own: a description belongs to the function.
            setattr(view, name, extend_schema(**description)(_copy(getattr(Entries, name))))
        return view

    return describe


def _copy(handler: Callable[..., Response]) -> Callable[..., Response]:
    @wraps(handler)
    def handle(self: Entries, *args: Any, **kwargs: Any) -> Response:
        return handler(self, *args, **kwargs)

    return handle


@described("prompt", PromptInput, PromptSerializer)
class PromptViewSet(Entries):
    queryset = Prompt.objects.none()
    serializer_class = PromptSerializer
    kind, body = Prompt, PromptInput
    all_of = services.prompts


@described("preset", PresetInput, PresetSerializer)
class PresetViewSet(Entries):
    queryset = Preset.objects.none()
    serializer_class = PresetSerializer
    kind, body = Preset, PresetInput
    all_of = services.presets
