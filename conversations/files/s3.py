"""People's files in a bucket of S3, or of a server that speaks its protocol. Imported only where
one is configured."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

# What is read is kept in memory up to here, then on the disk, in bytes.
_MEMORY: Final = 1_000_000


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """Raise what a bucket cannot do as `OSError`, as other storages do."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OSError("The bucket of the files cannot be used.") from error


class FilesInBucket(S3Storage):  # type: ignore[misc] # has no types
    """Django's storage API for a bucket. Names are kept as they are."""

    def get_default_settings(self) -> dict[str, Any]:
        """Extends the settings of the library, which `STORAGES` extends in turn."""
        return {
            **super().get_default_settings(),
            "file_overwrite": True,
            "max_memory_size": _MEMORY,
            "client_config": Config(
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 3},
                s3={"addressing_style": "path"},
                # Servers other than Amazon's know these checksums only since 2025.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        }

    def _open(self, name: str, mode: str = "rb") -> Any:
        with _as_os_errors():
            file = super()._open(name, mode)
            file.file  # noqa: B018 - reads it now, so that errors come from here
            return file

    def _save(self, name: str, content: IO[bytes]) -> str:
        with _as_os_errors():
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with _as_os_errors():
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _as_os_errors():
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with _as_os_errors():
            return int(super().size(name))
