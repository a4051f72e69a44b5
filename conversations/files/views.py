"""REST for one file. The list and the uploads are in `streaming/rest/files.py`."""

from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.errors import NotFound
from conversations.fields import Query, valid
from conversations.files import selectors, services, storage
from conversations.files.models import FileContent
from conversations.files.serializers import FileChanges, FileSerializer
from conversations.people.authentication import caller
from conversations.schema import ERROR_REF, extend_schema

# What the bytes of a file may do in a browser, wherever it shows them.
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
CACHED = "private, max-age=31536000, immutable"


class FileView(APIView):
    """One of the caller's files."""

    @extend_schema(responses=FileSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """The file, with its status."""
        return Response(FileSerializer(selectors.file(user=caller(request), file_id=pk)).data)

    @extend_schema(request=FileChanges, responses=FileSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Describe a picture for people who cannot see it."""
        file = selectors.file(user=caller(request), file_id=pk)
        services.describe(file=file, alt=valid(FileChanges(data=request.data))["alt"])
        return Response(FileSerializer(file).data)

    @extend_schema(
        responses={204: None, 409: OpenApiResponse(ERROR_REF, "A message uses the file.")}
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete the file, while no message uses it."""
        services.delete(file=selectors.file(user=caller(request), file_id=pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ContentQuery(Query):
    """The query parameter of a file's content."""

    size = serializers.ChoiceField(["thumb"], required=False, help_text="Images: a small one.")


class FileContentView(APIView):
    """The bytes of one of the caller's files."""

    @extend_schema(
        parameters=[ContentQuery],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> StreamingHttpResponse:
        """An image as the server encoded it, or a document as it was uploaded, to download."""
        file = selectors.file(user=caller(request), file_id=pk)
        thumb = "size" in ContentQuery.of(request)
        content = file.content
        is_image = content.kind == FileContent.Kind.IMAGE
        if content.status == FileContent.Status.FAILED or (
            content.status == FileContent.Status.PROCESSING if is_image else thumb
        ):
            raise NotFound("The file has no such content.")
        name, media_type = content.path, content.media_type
        if is_image:
            name = content.thumb_path if thumb else content.image_path
            media_type = "image/webp" if thumb else media_type
        elif media_type.startswith("text/"):
            media_type += "; charset=utf-8"
        try:
            length = storage.size(name)
        except OSError:
            raise NotFound("The file has no such content.") from None
        response = StreamingHttpResponse(storage.pieces(name), content_type=media_type)
        response.headers["Content-Length"] = str(length)
        response.headers["Content-Disposition"] = (
            content_disposition_header(not is_image, file.name) or "attachment"
        )
        response.headers["Content-Security-Policy"] = SANDBOX
        response.headers["Cache-Control"] = CACHED
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
