"""Files in a bucket, on a server that speaks S3."""

from collections.abc import Callable, Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.harness import files
from tests.harness.place import place_at
from tests.harness.rest import ok, refused
from tests.harness.server import ChatServer

KEYS = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture
def s3() -> Iterator[ThreadedMotoServer]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()


async def test_files_live_in_a_bucket(
    s3: ThreadedMotoServer, own_server: Callable[..., ChatServer]
):
    """They are stored, read, given to the model and removed there; on this machine nothing stays.
    Without the bucket an upload is refused with a sentence, and no address is told."""
    host, port = s3.get_host_and_port()
    address = f"http://{host}:{port}"
    bucket = boto3.resource(
        "s3",
        endpoint_url=address,
        region_name="eu-central-1",
        aws_access_key_id="someone",
        aws_secret_access_key="secret",
    ).create_bucket(
        Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    place_of = {"CHAT_FILES_ENDPOINT": address, "CHAT_FILES_REGION": "eu-central-1"}
    server = own_server("uvicorn", CHAT_FILES_BUCKET="files", **place_of, **KEYS)
    server.start()
    async with place_at(server) as place:
        person = await place.person()
        picture = await person.rest.file(files.image(), "cat.png")
        report = files.docx("Milk")
        document = await person.rest.file(report, "report.docx")
        assert len([*bucket.objects.all()]) == 3  # the picture large and small, the document
        content = await person.rest.get(f"/api/files/{document}/content")
        assert content.content == report
        thumb = await person.rest.get(f"/api/files/{picture}/content", size="thumb")
        assert thumb.headers["content-type"] == "image/webp"
        chat = await person.conversation()
        ok(await person.rest.generate(chat, attachments=[document]))
        assert "Milk" in place.ollama.chats[-1].json["messages"][-1]["content"]
        assert not [path for path in (server.directory / "files").rglob("*") if path.is_file()]
        await person.rest.delete(f"/api/files/{picture}/")
        assert len([*bucket.objects.all()]) == 1
        s3.stop()
        answer = await person.rest.upload(b"later", "later.txt")
        refused(answer, 503, "unavailable")
        assert str(port) not in answer.text
