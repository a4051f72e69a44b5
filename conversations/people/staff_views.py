"""REST for accounts and invitations. For sessions of staff alone."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import pagination
from conversations.fields import valid
from conversations.people import directory, invitations, services
from conversations.people.authentication import caller
from conversations.people.links import absolute
from conversations.people.models import Invitation, User
from conversations.people.permissions import FOR_STAFF_SESSIONS
from conversations.people.staff_serializers import (
    InvitationInput,
    InvitationSerializer,
    LinkSerializer,
    NewInvitationSerializer,
    NewPersonSerializer,
    PersonChanges,
    PersonInput,
    PersonSerializer,
)
from conversations.schema import ERROR_REF, extend_schema

NOT_NOW = OpenApiResponse(ERROR_REF, "Not possible in the current state; the message says why.")


class NewestPeople(pagination.NewestFirst):
    ordering = ("-date_joined", "-id")


class NewestInvitations(pagination.NewestFirst):
    ordering = ("-created_at", "-id")


class PeopleViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[User]
):
    """All accounts."""

    serializer_class = PersonSerializer
    permission_classes = FOR_STAFF_SESSIONS
    pagination_class = NewestPeople
    lookup_value_converter = "id"
    queryset = User.objects.none()

    def get_queryset(self) -> QuerySet[User]:
        return directory.people()

    def get_object(self) -> User:
        return directory.person(self.kwargs["pk"])

    @extend_schema(request=PersonInput, responses={201: NewPersonSerializer})
    def create(self, request: Request) -> Response:
        """Create an account. Its password is set on the link in `url`, once."""
        data = valid(PersonInput(data=request.data))
        staff = data.get("is_staff", False)
        if staff:
            services.require_owner(caller(request))
        user = services.create_user(username=data["username"], password=None, staff=staff)
        body = {**PersonSerializer(directory.person(user.pk)).data, **_reset(request, user)}
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(request=PersonChanges, responses=PersonSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Deactivate an account, approve one that waits, or change its limits. Only the owner
        changes accounts of staff."""
        user = directory.person(pk)
        changes = valid(PersonChanges(data=request.data))
        directory.change(actor=caller(request), user=user, changes=changes)
        return Response(PersonSerializer(directory.person(pk)).data)

    @extend_schema(responses={204: None, 409: NOT_NOW})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete an account that waits for approval. Any other can be deactivated."""
        directory.refuse(user=directory.person(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=LinkSerializer)
    @action(detail=True, methods=["post"], url_path="reset-password")
    def reset_password(self, request: Request, pk: UUID) -> Response:
        """Make a link on which the person sets a new password, once."""
        user = directory.person(pk)
        if user.is_staff:
            services.require_owner(caller(request))
        return Response(_reset(request, user))


class InvitationViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Invitation]):
    """The open invitations. Only the response to POST has the link."""

    serializer_class = InvitationSerializer
    permission_classes = FOR_STAFF_SESSIONS
    pagination_class = NewestInvitations
    lookup_value_converter = "id"
    queryset = Invitation.objects.none()

    def get_queryset(self) -> QuerySet[Invitation]:
        return invitations.open_invitations()

    @extend_schema(request=InvitationInput, responses={201: NewInvitationSerializer, 409: NOT_NOW})
    def create(self, request: Request) -> Response:
        """Invite somebody: `url` makes one account, once. Only the owner invites staff."""
        data = valid(InvitationInput(data=request.data))
        row, secret = invitations.invite(inviter=caller(request), **data)
        url = absolute(request, f"/invite/{secret}")
        body = {**InvitationSerializer(row).data, "url": url}
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Withdraw an invitation."""
        invitations.withdraw(invitation_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _reset(request: Request, user: User) -> dict[str, str]:
    path, until = invitations.reset_path(user)
    link = {"url": absolute(request, path), "expires_at": until}
    return dict(LinkSerializer(link).data)
