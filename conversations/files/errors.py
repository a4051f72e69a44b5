"""Why a file is not taken, not deleted or not sent.

FileTooLarge      413, larger than a file may be
UnsupportedFile   400, neither an image nor a document that can be read
FileInUse         409, a message has it
FilesNotReady     409, it is still being read, or could not be read
"""

from conversations.errors import Conflict, InvalidInput, TooLarge


class FileTooLarge(TooLarge):
    code = "file_too_large"


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
