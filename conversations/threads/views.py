"""REST for conversations and messages. REST for replies is in `streaming/rest/`."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.functional import cached_property
from django.utils.http import content_disposition_header
from drf_spectacular.utils import OpenApiParameter
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import pagination, schema
from conversations.errors import NotFound
from conversations.fields import FlagField, PageQuery, Query, StrictSerializer, valid
from conversations.notices import notify
from conversations.people import keys
from conversations.people.authentication import caller, key_of
from conversations.schema import extend_schema
from conversations.threads import (
    access,
    deleting,
    exports,
    forking,
    ratings,
    selectors,
    services,
    snippets,
)
from conversations.threads.models import Conversation, Message
from conversations.threads.search import Hit, hits
from conversations.threads.serializers import (
    BARE_MESSAGE,
    ConversationChanges,
    ConversationSerializer,
    ForkInput,
    FoundConversationSerializer,
    MessageSerializer,
    MessagesSerializer,
    NewConversation,
    RatingInput,
    RatingSerializer,
)

MESSAGES_A_PAGE = 200


MOST_MESSAGES_A_PAGE = 1000


MOST_QUERY = 200

# The fields of a conversation for a key without the scope `read`.
BARE = ("id", "head_id", "running")


class ListQuery(Query):
    """The query parameters that filter the list of conversations."""

    archived = FlagField(required=False, help_text="Default: false, unless `search` is given.")
    pinned = FlagField(required=False)
    empty = FlagField(required=False, help_text="Without a message and a title.")


class MessagesQuery(PageQuery):
    """The query parameters of the messages of a conversation."""

    branch = serializers.ChoiceField(["head", "all"], default="head")
    leaf = serializers.UUIDField(
        required=False, help_text="The last message of the branch, if not the shown one."
    )
    after = serializers.UUIDField(required=False)
    before = serializers.UUIDField(required=False)
    vars()["from"] = serializers.ChoiceField(
        ["end"], required=False, help_text="Start with the last page."
    )


class ExportQuery(Query):
    """The query parameter of an export."""

    vars()["as"] = serializers.ChoiceField(["markdown", "json"], default="markdown")


class OwnConversations(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Conversation]
):
    """Create, read, change and delete the caller's conversations, in the shape of a subclass."""

    lookup_value_converter = "id"
    queryset = Conversation.objects.none()

    def get_object(self) -> Conversation:
        access.conversation(caller(self.request), self.kwargs["pk"])
        return self.shown(self.kwargs["pk"])

    def shown(self, pk: UUID) -> Conversation:
        """Return a conversation with its figures. Raises `NotFound`."""
        row = selectors.shown_conversation(user=caller(self.request), conversation_id=pk)
        if row is None:  # deleted meanwhile
            raise NotFound("Conversation not found.")
        return row

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete a conversation, and stop its reply. It can be restored for an hour."""
        conversation = access.conversation(caller(request), pk)
        services.delete_conversation(conversation=conversation)
        notify().conversation_deleted(conversation)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def make(self, data: StrictSerializer) -> Response:
        """Create a conversation with these fields."""
        row = services.create_conversation(user=caller(self.request), **valid(data))
        return self.answer(row.pk, status.HTTP_201_CREATED)

    def change(self, pk: UUID, fields: type[StrictSerializer]) -> Response:
        """Change the fields of a conversation that the body names. A conversation that is not the
        caller's is refused before the body is read."""
        conversation = access.conversation(caller(self.request), pk)
        data = fields(data=self.request.data, partial=self.request.method == "PATCH")
        notify().conversation_changed(
            services.update_conversation(conversation=conversation, changes=valid(data))
        )
        return self.answer(pk)

    def answer(self, pk: UUID, code: int = status.HTTP_200_OK) -> Response:
        """Return the response that shows a conversation; its ids and status to a key that may not
        read it and has not just made it."""
        row = self.shown(pk)
        data = self.get_serializer(row).data
        if code != status.HTTP_201_CREATED and not keys.may_read(key_of(self.request)):
            data = {name: data[name] for name in BARE if name in data}
        return Response(data, status=code)


class ConversationViewSet(OwnConversations):
    """The caller's conversations."""

    serializer_class = ConversationSerializer
    pagination_class = pagination.NewestFirst

    def get_queryset(self) -> QuerySet[Conversation]:
        """Return the caller's conversations; for the list, as the query parameters filter them."""
        if self.action != "list":
            return selectors.conversations(user=caller(self.request))
        query = ListQuery.of(self.request)
        rows = selectors.conversations(
            user=caller(self.request),
            archived=query.get("archived", None if self.search else False),
            pinned=query.get("pinned"),
            empty=query.get("empty"),
        )
        return selectors.found(rows, self.hits) if self.search else rows

    @property
    def search(self) -> str:
        """The search words of the list."""
        if self.action != "list":
            return ""
        return self.request.query_params.get("search", "").strip()[:MOST_QUERY]

    @cached_property
    def hits(self) -> dict[UUID, Hit]:
        """What the search found."""
        return hits(user=caller(self.request), query=self.search)

    def get_serializer_class(self) -> type[ConversationSerializer]:
        listed = self.action == "list"
        return FoundConversationSerializer if listed else ConversationSerializer

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        if self.search:
            context["matches"] = snippets.matches(self.page, hits=self.hits, query=self.search)
        return context

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        self.page = super().paginate_queryset(queryset) or []
        return self.page

    @extend_schema(
        parameters=[
            ListQuery,
            OpenApiParameter("search", str, description="Words in titles and messages."),
        ],
        responses=FoundConversationSerializer(many=True),
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The caller's conversations, newest first, or those that `search` finds, first those
        whose title it finds."""
        if self.search:
            self.pagination_class = pagination.TitlesFirst
        return super().list(request, *args, **kwargs)

    @extend_schema(
        request=NewConversation,
        responses={201: ConversationSerializer, 200: ConversationSerializer},
    )
    def create(self, request: Request) -> Response:
        """Create a conversation, or open an empty one."""
        fields = valid(NewConversation(data=request.data))
        reuse = fields.pop("reuse", False)
        if not reuse or fields.get("temporary"):
            row = services.create_conversation(user=caller(request), **fields)
            return self.answer(row.pk, status.HTTP_201_CREATED)
        row, created = services.open_empty_conversation(
            user=caller(request), settings=fields.get("settings")
        )
        return self.answer(row.pk, status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    @extend_schema(
        request=ConversationChanges, responses={200: ConversationSerializer, 409: schema.BUSY}
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Rename, pin, archive, show another branch, or change settings (null removes one)."""
        return self.change(pk, ConversationChanges)

    @extend_schema(request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: UUID) -> Response:
        """Restore a conversation, up to an hour after its deletion."""
        services.restore_conversation(conversation=access.deleted_conversation(caller(request), pk))
        return self.answer(pk)

    @extend_schema(request=ForkInput, responses={201: ConversationSerializer, 409: schema.BUSY})
    @action(detail=True, methods=["post"])
    def fork(self, request: Request, pk: UUID) -> Response:
        """Copy the shown branch, or that down to `leaf`, into a new conversation."""
        keys.require(key_of(request), "read")  # the copy shows what it was made of
        conversation = access.conversation(caller(request), pk)
        leaf = valid(ForkInput(data=request.data)).get("leaf")
        made = forking.fork(conversation=conversation, user=caller(request), leaf=leaf)
        return self.answer(made.pk, status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[MessagesQuery],
        responses=MessagesSerializer,
    )
    @action(detail=True, pagination_class=None)
    def messages(self, request: Request, pk: UUID) -> Response:
        """The messages of the shown branch, or all, oldest first."""
        conversation = access.conversation(caller(request), pk)
        query = MessagesQuery.of(request)
        branch = query["branch"]
        limit = min(query.get("limit", MESSAGES_A_PAGE), MOST_MESSAGES_A_PAGE)
        page = selectors.messages(
            conversation=conversation,
            branch=branch,
            leaf=query.get("leaf"),
            after=query.get("after"),
            before=query.get("before"),
            from_end=query.get("from") == "end",
            limit=limit,
        )
        link = f"{request.path}?branch={branch}&limit={limit}"
        link = request.build_absolute_uri(f"{link}&leaf={page.leaf}" if page.leaf else link)
        rows = page.messages
        ratings.add(rows, caller(request))
        notify().catch_up(rows)
        return Response(
            {
                "next": f"{link}&after={rows[-1].id}" if page.more_after and rows else None,
                "previous": f"{link}&before={rows[0].id}" if page.more_before and rows else None,
                "results": MessageSerializer(rows, many=True).data,
            }
        )

    @extend_schema(
        parameters=[ExportQuery],
        responses={(200, "text/markdown"): str, (200, "application/json"): dict},
    )
    @action(detail=True, pagination_class=None)
    def export(self, request: Request, pk: UUID) -> StreamingHttpResponse:
        """The conversation as a file: the shown branch as Markdown, or all of it as JSON."""
        kind = ExportQuery.of(request)["as"]
        conversation = self.get_object()
        branch: selectors.Branch = "head" if kind == "markdown" else "all"
        ids = selectors.ordered_ids(conversation=conversation, branch=branch)
        if kind == "markdown":
            text = exports.as_markdown(conversation, ids)
            response = StreamingHttpResponse(text, content_type="text/markdown; charset=utf-8")
        else:
            data = exports.as_json(conversation, ids)
            response = StreamingHttpResponse(data, content_type="application/json")
        name = exports.file_name(conversation, "md" if kind == "markdown" else "json")
        response.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
        return response


class MessageView(RetrieveAPIView[Message]):
    """One message."""

    serializer_class = MessageSerializer
    queryset = Message.objects.none()

    def get_object(self) -> Message:
        row = access.message(caller(self.request), self.kwargs["pk"])
        ratings.add([row], caller(self.request))
        notify().catch_up([row])
        return row

    @extend_schema(description="One message, with its status.")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(responses={204: None, 409: schema.BUSY})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete a message. The messages below it hang below its parent then. It can be restored
        for a day; then its text is erased."""
        message = access.message(caller(request), pk)
        conversation = deleting.delete_message(message=message)
        notify().conversation_changed(conversation, deleted=message.id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RatingView(APIView):
    """The caller's rating of a reply."""

    @extend_schema(request=RatingInput, responses=RatingSerializer)
    def put(self, request: Request, pk: UUID) -> Response:
        """Rate a reply, with a comment if one is given; 0 takes the rating back."""
        message = access.message(caller(request), pk)
        rating = {"comment": "", **valid(RatingInput(data=request.data))}
        ratings.rate(message=message, user=caller(request), **rating)
        return Response(rating if rating["value"] else {"value": 0, "comment": ""})


class RestoreMessageView(APIView):
    """A deleted message."""

    @extend_schema(request=None, responses=MessageSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Restore a message, up to a day after its deletion."""
        message = access.deleted_message(caller(request), pk)
        notify().conversation_changed(deleting.restore_message(message=message))
        data = MessageSerializer(access.message(caller(request), pk)).data
        readable = keys.may_read(key_of(request))
        return Response(data if readable else {name: data[name] for name in BARE_MESSAGE})
