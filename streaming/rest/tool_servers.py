"""REST for tool servers, for sessions of staff; and for the tools that a person may use."""

from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext_noop as _noop
from drf_spectacular.utils import OpenApiResponse
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.errors import Conflict
from conversations.fields import valid
from conversations.pagination import OnePage
from conversations.people import links, writes
from conversations.people.authentication import caller
from conversations.people.models import User
from conversations.people.permissions import FOR_STAFF, OwnSession
from conversations.schema import ERROR_REF, extend_schema
from conversations.tools import built_in, offers, servers, sign_ins
from conversations.tools.built_in import BUILT_IN, ToolFailed
from conversations.tools.models import ToolServer
from conversations.tools.serializers import (
    OfferedServerSerializer,
    ToolServerChanges,
    ToolServerInput,
    ToolServerSerializer,
    ToolTestSerializer,
)
from streaming.lifecycle import lifecycle
from streaming.rest.async_view import AsyncAPIView
from streaming.tools import lists, sign_in

SIGN_IN_FAILED = OpenApiResponse(ERROR_REF, "The tool server leads to no OAuth server.")
FULL = OpenApiResponse(ERROR_REF, "There are too many tool servers.")


class ToolServersView(AsyncAPIView):
    """The tool servers."""

    permission_classes = FOR_STAFF
    pagination_class = OnePage
    serializer_class = ToolServerSerializer

    @extend_schema(responses=ToolServerSerializer(many=True))
    async def get(self, request: Request) -> Response:
        """All tool servers, by their names."""
        rows = await database_sync_to_async(lambda: list(servers.servers()))()
        results = ToolServerSerializer(rows, many=True).data
        return Response({"next": None, "previous": None, "results": results})

    @extend_schema(request=ToolServerInput, responses={201: ToolServerSerializer, 409: FULL})
    async def post(self, request: Request) -> Response:
        """Add a tool server. Its tools are listed by a test, or when a chat first uses them."""

        def add() -> ToolServer:
            return servers.create(fields=valid(ToolServerInput(data=request.data)))

        row = await database_sync_to_async(add)()
        return Response(ToolServerSerializer(row).data, status=status.HTTP_201_CREATED)


class ToolServerView(AsyncAPIView):
    """One tool server."""

    permission_classes = FOR_STAFF

    @extend_schema(responses=ToolServerSerializer)
    async def get(self, request: Request, server_id: UUID) -> Response:
        """A tool server."""
        row = await database_sync_to_async(servers.server)(server_id=server_id)
        return Response(ToolServerSerializer(row).data)

    @extend_schema(request=ToolServerChanges, responses=ToolServerSerializer)
    async def patch(self, request: Request, server_id: UUID) -> Response:
        """Change a tool server. With another address or other credentials its tools are listed
        anew, and what people have allowed of it is forgotten."""

        def change() -> ToolServer:
            row = servers.server(server_id=server_id)
            return servers.update(row=row, changes=valid(ToolServerChanges(data=request.data)))

        row = await database_sync_to_async(change)()
        (await lifecycle.start()).ended_sign_ins.wake()
        return Response(ToolServerSerializer(row).data)

    @extend_schema(responses={204: None})
    async def delete(self, request: Request, server_id: UUID) -> Response:
        """Delete a tool server. The calls that were made stay."""

        def delete() -> None:
            servers.delete(row=servers.server(server_id=server_id))

        await database_sync_to_async(delete)()
        (await lifecycle.start()).ended_sign_ins.wake()
        return Response(status=status.HTTP_204_NO_CONTENT)


class ToolServerTestView(AsyncAPIView):
    """A test of a tool server."""

    permission_classes = FOR_STAFF

    @extend_schema(request=None, responses=ToolTestSerializer)
    async def post(self, request: Request, server_id: UUID) -> Response:
        """Ask the server for its tools, and tell in a sentence what was found. Takes at most
        5 s."""
        row = await database_sync_to_async(servers.server)(server_id=server_id)
        found = await lists.test(row, caller(request))
        row = await database_sync_to_async(servers.server)(server_id=server_id)
        outcome = {
            "ok": found.ok,
            "code": found.error.code if found.error else "answers",
            "message": found.message,
            "tools": row.tools if found.ok else [],
        }
        return Response(ToolTestSerializer(outcome).data)


class ToolSignInView(AsyncAPIView):
    """The caller's sign-in to a tool server."""

    permission_classes = (IsAuthenticated, OwnSession)

    @extend_schema(responses={302: None, 409: SIGN_IN_FAILED})
    async def get(self, request: Request, server_id: UUID) -> HttpResponseRedirect:
        """Go to the OAuth server of a tool server. It leads back to `/tools/callback/`, for the
        session that was sent there alone. The calls that wait for it go on then."""
        user = caller(request)

        def find() -> ToolServer:
            writes.count(user)
            return servers.for_person(user=user, server_id=server_id)

        server: ToolServer = await database_sync_to_async(find)()
        try:
            return HttpResponseRedirect(await way_out(request, user, server))
        except ToolFailed as error:
            raise Conflict(str(error)) from None

    @extend_schema(responses={204: None})
    async def delete(self, request: Request, server_id: UUID) -> Response:
        """Forget the sign-in: its tokens are deleted here, and revoked at the OAuth server with our
        registration there, as far as it has a way to."""
        user = caller(request)

        def end() -> None:
            server = servers.for_person(user=user, server_id=server_id)
            sign_ins.end(user=user, server=server)

        await database_sync_to_async(end)()
        (await lifecycle.start()).ended_sign_ins.wake()
        return Response(status=status.HTTP_204_NO_CONTENT)


async def way_out(request: HttpRequest | Request, user: User, server: ToolServer) -> str:
    """The address at which a person of a session signs in. Raises `ToolFailed`."""
    if not server.signs_in:
        raise ToolFailed(_noop("Nobody signs in to the tool server %(name)s."), name=server.name)
    return await sign_in.begin(
        user,
        server,
        session=request.session.session_key or "",
        redirect_uri=links.absolute(request, "/tools/callback/"),
        document=document_address(),
    )


def document_address() -> str:
    """The address of our client metadata; empty where no OAuth server could read it."""
    url = settings.PUBLIC_URL
    return f"{url}/tools/client.json" if url.startswith("https:") else ""


class ToolsView(AsyncAPIView):
    """The tools that a conversation may use."""

    pagination_class = OnePage
    serializer_class = OfferedServerSerializer

    @extend_schema(responses=OfferedServerSerializer(many=True))
    async def get(self, request: Request) -> Response:
        """The servers whose tools the caller may use in a conversation, what is built in first."""
        servers = await database_sync_to_async(_offered)(request)
        results = OfferedServerSerializer(servers, many=True).data
        return Response({"next": None, "previous": None, "results": results})


def _offered(request: Request) -> list[dict[str, Any]]:
    user = caller(request)
    own = [{"name": t.name, "description": t.description} for t in built_in.TOOLS.values()]
    signed_in = sign_ins.signed_in(user=user)
    return [
        {"id": None, "name": BUILT_IN, "built_in": True, "signed_in": None, "tools": own},
        *(
            {
                "id": row.id,
                "name": row.name,
                "built_in": False,
                "signed_in": row.name in signed_in if row.signs_in else None,
                "tools": [
                    {"name": offer.tool, "description": offer.description}
                    for offer in offers.of_server(row)
                ],
            }
            for row in offers.servers_for(user=user)
        ),
    ]
