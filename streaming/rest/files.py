"""REST for the caller's files: the list, and uploads, which wait for the process that reads them.

An upload comes to a file on the disk, not into memory. Reading goes on when its client is gone.
"""

import asyncio
from contextlib import suppress
from contextvars import Context
from typing import Any

from channels.db import database_sync_to_async
from drf_spectacular.utils import OpenApiResponse
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.fields import valid
from conversations.files import selectors, services
from conversations.files.models import File
from conversations.files.serializers import FileSerializer, UploadSerializer
from conversations.pagination import NewestFirst
from conversations.people.authentication import caller
from conversations.schema import ERROR_REF, extend_schema
from streaming import file_reading
from streaming.rest.async_view import AsyncAPIView

# How long an upload waits for its file to be read before it answers `processing`, in seconds.
PATIENCE = 10.0

_tasks: set[asyncio.Task[None]] = set()


class Files(NewestFirst):
    """Pages of files, with the room that all of them take."""

    ordering = ("-created_at", "-id")

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        paged: dict[str, Any] = super().get_paginated_response_schema(schema)
        paged["properties"] |= {
            "used_bytes": {"type": "integer"},
            "quota_bytes": {"type": "integer", "nullable": True},
        }
        return paged


class FilesView(AsyncAPIView):
    """The caller's files."""

    parser_classes = (MultiPartParser,)
    pagination_class = Files
    serializer_class = FileSerializer

    @extend_schema(responses=FileSerializer(many=True))
    async def get(self, request: Request) -> Response:
        """The caller's files, newest first, and how much room they take."""

        def page() -> Response:
            user, pages = caller(request), Files()
            rows = pages.paginate_queryset(selectors.files(user=user), request, view=self)
            response: Response = pages.get_paginated_response(FileSerializer(rows, many=True).data)
            response.data["used_bytes"] = selectors.used_bytes(user_id=user.pk)
            response.data["quota_bytes"] = selectors.quota_bytes()
            return response

        listed: Response = await database_sync_to_async(page)()
        return listed

    @extend_schema(
        request={"multipart/form-data": UploadSerializer},
        responses={
            201: FileSerializer,
            409: OpenApiResponse(ERROR_REF, "There is no room left for the file."),
            413: OpenApiResponse(ERROR_REF, "The file is too large."),
        },
    )
    async def post(self, request: Request) -> Response:
        """Upload a file. The answer says whether it was read: `processing` when that takes long,
        `failed` when it cannot be."""

        def store() -> tuple[File, bool]:
            fields = valid(UploadSerializer(data=request.data))
            with fields["file"] as upload:
                return services.add(
                    owner=caller(request),
                    upload=upload.file,
                    size=upload.size,
                    name=upload.name,
                    temporary_chat=fields.get("temporary_chat"),
                )

        file, begin = await database_sync_to_async(store)()
        if begin:
            # A context of its own: that of the request ends with the request.
            task = asyncio.get_running_loop().create_task(
                file_reading.read(file.content), context=Context()
            )
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await asyncio.shield(task)
        row = await database_sync_to_async(selectors.file)(user=caller(request), file_id=file.id)
        return Response(FileSerializer(row).data, status=status.HTTP_201_CREATED)
