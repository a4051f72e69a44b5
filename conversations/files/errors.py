"""Why a file is not taken, not deleted or not sent.

FileTooLarge      413, larger than a file may be
StorageFull       409, the person's room is used up
UnsupportedFile   400, neither an image nor a document that can be read
FileInUse         409, a message has it
FilesNotReady     409, it is still being read, or could not be read
"""

from conversations.errors import Conflict, InvalidInput, TooLarge


class FileTooLarge(TooLarge):
    code = "file_too_large"


class StorageFull(Conflict):
    code = "storage_full"
    message = "There is no room left for this file. Delete files that you no longer need."


class UnsupportedFile(InvalidInput):
    code = "unsupported_file"
    message = (
        "This kind of file cannot be read. Use an image (PNG, JPEG, WebP, GIF, HEIC), text, "
        "PDF, DOCX, XLSX or PPTX."
    )


class FileInUse(Conflict):
    code = "file_in_use"
    message = "A message uses this file. Delete its chat first."


class FilesNotReady(Conflict):
    code = "files_not_ready"
