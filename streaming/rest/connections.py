"""REST for connections, and for what answers by default. For sessions of staff alone."""

from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from drf_spectacular.utils import OpenApiResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.connections import services
from conversations.connections.serializers import (
    ConnectionChanges,
    ConnectionInput,
    ConnectionSerializer,
    DefaultsInput,
    DefaultsSerializer,
    TestSerializer,
    shape,
)
from conversations.errors import Conflict
from conversations.fields import valid
from conversations.pagination import OnePage
from conversations.people.permissions import FOR_STAFF
from conversations.schema import ERROR_REF, extend_schema
from streaming.connections import Connections, is_own
from streaming.lifecycle import lifecycle
from streaming.rest.async_view import AsyncAPIView

READ_ONLY = OpenApiResponse(ERROR_REF, "The connection is set in the environment.")
FULL = OpenApiResponse(ERROR_REF, "There are too many connections.")


class ConnectionsView(AsyncAPIView):
    """The model servers."""

    permission_classes = FOR_STAFF
    pagination_class = OnePage
    serializer_class = ConnectionSerializer

    @extend_schema(responses=ConnectionSerializer(many=True))
    async def get(self, request: Request) -> Response:
        """All connections and whether they answer; those of the environment first, which are
        read-only."""
        rows = await (await connections()).listed()
        return Response({"next": None, "previous": None, "results": _told(rows, many=True)})

    @extend_schema(request=ConnectionInput, responses={201: ConnectionSerializer, 409: FULL})
    async def post(self, request: Request) -> Response:
        """Add a connection. Its models are listed as `<name>/<model>` from now on."""

        def add() -> dict[str, Any]:
            row = services.create(fields=valid(ConnectionInput(data=request.data)))
            return shape(row, services.headers_of(row))

        added = await database_sync_to_async(add)()
        await (await connections()).changed()
        return Response(_told(added), status=status.HTTP_201_CREATED)


class ConnectionView(AsyncAPIView):
    """One model server."""

    permission_classes = FOR_STAFF

    @extend_schema(request=ConnectionChanges, responses={200: ConnectionSerializer, 409: READ_ONLY})
    async def patch(self, request: Request, pk: UUID) -> Response:
        """Change a connection. A header that is null keeps its value."""
        _refuse_own(pk)

        def change() -> dict[str, Any]:
            row = services.connection(connection_id=pk)
            changes = valid(ConnectionChanges(data=request.data))
            row = services.update(row=row, changes=changes)
            return shape(row, services.headers_of(row))

        changed = await database_sync_to_async(change)()
        await (await connections()).changed()
        return Response(_told(changed))

    @extend_schema(responses={204: None, 409: READ_ONLY})
    async def delete(self, request: Request, pk: UUID) -> Response:
        """Delete a connection. Its chats stay, and have to choose another model."""
        _refuse_own(pk)

        def delete() -> None:
            services.delete(row=services.connection(connection_id=pk))

        await database_sync_to_async(delete)()
        await (await connections()).changed()
        return Response(status=status.HTTP_204_NO_CONTENT)


class ConnectionTestView(AsyncAPIView):
    """A test of a model server."""

    permission_classes = FOR_STAFF

    @extend_schema(request=None, responses=TestSerializer)
    async def post(self, request: Request, pk: UUID) -> Response:
        """Ask the server for its models, and tell in a sentence what was found. Takes at most 5 s.
        `suggestion` is what to change where the server is an Ollama that is reached by `/v1`."""
        return Response(TestSerializer(await (await connections()).test(pk)).data)


class ModelDefaultsView(AsyncAPIView):
    """The default model, and the providers that answer instead of the default."""

    permission_classes = FOR_STAFF

    @extend_schema(responses=DefaultsSerializer)
    async def get(self, request: Request) -> Response:
        return Response(DefaultsSerializer((await connections()).defaults()).data)

    @extend_schema(request=DefaultsInput, responses=DefaultsSerializer)
    async def patch(self, request: Request) -> Response:
        """Choose them. What the environment sets wins, and is named in `from_environment`."""
        theirs = await connections()

        def choose() -> None:
            changes = valid(DefaultsInput(data=request.data))
            theirs.check_defaults(changes)
            services.choose_defaults(changes=changes)

        await database_sync_to_async(choose)()
        await theirs.changed()
        return Response(DefaultsSerializer(theirs.defaults()).data)


async def connections() -> Connections:
    """The connections of this process."""
    return (await lifecycle.start()).connections


def _refuse_own(pk: UUID) -> None:
    if is_own(pk):
        raise Conflict("This connection is set in the environment. Change it there.")


def _told(data: Any, *, many: bool = False) -> Any:
    return ConnectionSerializer(data, many=many).data
