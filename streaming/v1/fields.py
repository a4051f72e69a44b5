"""Reading fields out of a program's JSON: either spelling, the right type, or a clear refusal.

Fields that nobody asks for are ignored, as OpenAI's clients expect. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from conversations.errors import InvalidInput

Json = Mapping[str, Any]

# Characters in the name of a model.
MOST_NAME = 255


class Fields:
    """A JSON object and where it stands in the request ("messages[2].function").

    Names are asked for in snake_case; their camelCase twins are found too. A field that is `null`
    is as good as missing. All methods raise `InvalidInput`, which names the field.
    """

    def __init__(self, data: object, path: str = "") -> None:
        self.path = path
        if not isinstance(data, Mapping):
            where = path or "body"
            refuse(where, "Must be a JSON object.")
        self._data: Json = data

    def at(self, name: str) -> str:
        """The full name of a field of this object."""
        return f"{self.path}.{name}" if self.path else name

    def get(self, *names: str) -> Any:
        """The first of `names` that is there, whatever it is; `None` if none is."""
        for name in names:
            for spelling in (name, _camel(name)):
                if (value := self._data.get(spelling)) is not None:
                    return value
        return None

    def text(self, name: str, *, required: bool = False) -> str:
        """A string; empty when it is missing."""
        value = self.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value):
            refuse(self.at(name), "This has to be a text.")
        return value

    def model(self, *, required: bool = False) -> str:
        """The name of a model, as `text`; none is longer than what is written down of it."""
        name = self.text("model", required=required)
        if len(name) > MOST_NAME or "\0" in name:
            refuse(self.at("model"), "This is no name of a model.")
        return name

    def flag(self, name: str) -> bool:
        """A boolean; false when it is missing."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            refuse(self.at(name), "This has to be true or false.")
        return bool(value)

    def number(self, name: str, least: float, most: float) -> float | None:
        """A number between two bounds."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            refuse(self.at(name), "This has to be a number.")
        if not least <= value <= most:
            refuse(self.at(name), f"This has to be between {least:g} and {most:g}.")
        return float(value)

    def whole(self, *names: str, least: int, most: int = 2**31 - 1) -> int | None:
        """The first of `names` that is there: a whole number of at least `least`."""
        for name in names:
            value = self.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int):
                refuse(self.at(name), "This has to be a whole number.")
            if not least <= value <= most:
                refuse(self.at(name), f"This has to be between {least} and {most}.")
            return int(value)
        return None

    def one_of(self, name: str, choices: Sequence[str]) -> str | None:
        value = self.get(name)
        if value is not None and value not in choices:
            refuse(self.at(name), f"This has to be one of {', '.join(choices)}.")
        return None if value is None else str(value)

    def inner(self, name: str) -> "Fields | None":
        """An object inside this one."""
        value = self.get(name)
        return None if value is None else Fields(value, self.at(name))

    def needed(self, name: str) -> "Fields":
        """An object inside this one that has to be there."""
        return Fields(self.get(name), self.at(name))

    def schema(self, name: str) -> dict[str, Any] | None:
        """A JSON schema, as it is."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            refuse(self.at(name), "This has to be a JSON schema.")
        return value

    def items(
        self, name: str, *, required: bool = False, skip: type | None = None
    ) -> list["Fields"]:
        """A list of objects; empty when it is missing. What is a `skip` is passed over."""
        value = self.get(name)
        if value is None and not required:
            return []
        if not isinstance(value, list) or (required and not value):
            refuse(self.at(name), "This has to be a list with something in it.")
        return [
            Fields(item, f"{self.at(name)}[{number}]")
            for number, item in enumerate(value)
            if skip is None or not isinstance(item, skip)
        ]

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """A string or a list of at most `most`; none of them empty."""
        value = self.get(name)
        if value is None:
            return ()
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            refuse(self.at(name), "This has to be a text or a list of texts.")
        if len(found) > most:
            refuse(self.at(name), f"There can be at most {most}.")
        if not all(found):
            refuse(self.at(name), "A text in it is empty.")
        return tuple(found)


def refuse(path: str, sentence: str) -> NoReturn:
    """Raise the refusal of one field."""
    raise InvalidInput(f"{path}: {sentence}", fields={path: [sentence]})


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)
