"""Replaces characters in texts of strangers that a database or a frame cannot hold."""


def storable(text: str) -> str:
    """The text with NUL and lone surrogates replaced, which no database and no frame can hold."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return (
        text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
