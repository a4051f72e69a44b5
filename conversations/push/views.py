"""REST for the browsers that are told when a reply is ready."""

from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.fields import valid
from conversations.people.authentication import caller
from conversations.people.permissions import OwnSession
from conversations.push import services
from conversations.push.serializers import EndpointInput, PushStateSerializer, SubscriptionInput
from conversations.schema import extend_schema


class PushView(APIView):
    """Web Push for the browser that asks."""

    permission_classes = (IsAuthenticated, OwnSession)

    @extend_schema(responses=PushStateSerializer)
    def get(self, request: Request) -> Response:
        """The key to subscribe with, and how many browsers of the caller are told."""
        # Loaded where somebody wants it: it takes memory.
        from conversations.push import server_keys

        told = services.count(user=caller(request))
        return Response({"public_key": server_keys.public_key(), "subscriptions": told})

    @extend_schema(request=SubscriptionInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Tell this browser when a reply is ready and no page of the caller is open, until it signs
        out. May be repeated. Of more than ten browsers the oldest is told no more."""
        from conversations.push import server_keys

        fields = valid(SubscriptionInput(data=request.data))
        services.subscribe(
            user=caller(request),
            cookie=request.session.session_key or "",
            endpoint=fields["endpoint"],
            language=fields["language"],
            server_key=server_keys.public_key(),
            keys=fields["keys"],
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=EndpointInput, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Tell this browser no more."""
        fields = valid(EndpointInput(data=request.data))
        services.unsubscribe(user=caller(request), **fields)
        return Response(status=status.HTTP_204_NO_CONTENT)
