"""REST for the models that servers keep: work on them, and those in memory. For staff alone."""

import asyncio
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.connections import jobs
from conversations.connections.models import ModelJob
from conversations.connections.serializers import MOST_NAME
from conversations.errors import InvalidInput
from conversations.fields import StrictSerializer, valid
from conversations.pagination import OnePage
from conversations.people.permissions import FOR_STAFF
from conversations.schema import ERROR_REF, extend_schema
from providers.base import ModelStore
from providers.errors import ProviderError
from streaming.lifecycle import Runtime, lifecycle
from streaming.rest.async_view import AsyncAPIView

NOT_NOW = OpenApiResponse(ERROR_REF, "Other work on the model is not finished, or too much waits.")


class ModelJobSerializer(serializers.ModelSerializer[ModelJob]):
    """Work on a model. Bytes are those of a pull, as far as they are known."""

    class Meta:
        model = ModelJob
        fields = (
            *("id", "connection", "model", "kind", "state", "done_bytes", "total_bytes", "error"),
            *("error_code", "created_at", "updated_at"),
        )
        read_only_fields = fields


class ModelJobInput(StrictSerializer):
    connection = serializers.RegexField(r"^[a-z0-9-]+\Z", max_length=40)
    model = serializers.RegexField(r"^[!-~]+\Z", max_length=MOST_NAME)
    kind = serializers.ChoiceField(ModelJob.Kind.choices)


class LoadedSerializer(serializers.Serializer[Any]):
    """A model in memory. `until` is when it leaves by itself; null is not known."""

    connection = serializers.CharField()
    model = serializers.CharField()
    size_bytes = serializers.IntegerField(allow_null=True)
    vram_bytes = serializers.IntegerField(allow_null=True)
    context_length = serializers.IntegerField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)


class ModelJobsView(AsyncAPIView):
    """Work on models."""

    permission_classes = FOR_STAFF
    pagination_class = OnePage
    serializer_class = ModelJobSerializer

    @extend_schema(responses=ModelJobSerializer(many=True))
    async def get(self, request: Request) -> Response:
        """All jobs, newest first."""

        def listed() -> Any:
            return ModelJobSerializer(jobs.jobs(), many=True).data

        rows = await database_sync_to_async(listed)()
        return Response({"next": None, "previous": None, "results": rows})

    @extend_schema(request=ModelJobInput, responses={202: ModelJobSerializer, 409: NOT_NOW})
    async def post(self, request: Request) -> Response:
        """Pull a model, delete it, or take it out of memory. The same work that is not finished yet
        is answered again. It goes on when the page or this process ends."""
        fields = valid(ModelJobInput(data=request.data))
        runtime = await lifecycle.start()
        if fields["connection"] not in stores(runtime):
            sentence = "Not found: no connection with this name has models that can be managed."
            raise InvalidInput(f"connection: {sentence}", fields={"connection": [sentence]})

        def create() -> Any:
            return ModelJobSerializer(jobs.create(**fields)).data

        row = await database_sync_to_async(create)()
        runtime.model_jobs.wake()
        return Response(row, status=status.HTTP_202_ACCEPTED)


class ModelJobView(AsyncAPIView):
    """One job."""

    permission_classes = FOR_STAFF

    @extend_schema(responses={204: None})
    async def delete(self, request: Request, pk: UUID) -> Response:
        """Cancel it, if it has not ended. A later pull goes on where this one was."""
        await database_sync_to_async(jobs.cancel)(job_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LoadedModelsView(AsyncAPIView):
    """The models in memory."""

    permission_classes = FOR_STAFF
    pagination_class = OnePage
    serializer_class = LoadedSerializer

    @extend_schema(responses=LoadedSerializer(many=True))
    async def get(self, request: Request) -> Response:
        """Of every server that says so. One that does not answer is left out."""
        rows = await loaded(await lifecycle.start())
        return Response({"next": None, "previous": None, "results": rows})


def stores(runtime: Runtime) -> dict[str, ModelStore]:
    """The servers whose models can be managed, by the names of their connections."""
    providers = runtime.router.providers.items()
    return {name: provider.store for name, provider in providers if provider.store is not None}


async def loaded(runtime: Runtime) -> list[dict[str, Any]]:
    """The models in memory, as `LoadedSerializer` has them."""

    async def of(name: str, store: ModelStore) -> list[dict[str, Any]]:
        try:
            return [
                {
                    "connection": name,
                    "model": model.name,
                    "size_bytes": model.size_bytes,
                    "vram_bytes": model.vram_bytes,
                    "context_length": model.window,
                    "until": model.until,
                }
                for model in await store.loaded()
            ]
        except ProviderError:
            return []

    lists = await asyncio.gather(*(of(*entry) for entry in stores(runtime).items()))
    return [row for rows in lists for row in rows]
