"""Requests of `/v1` read by pydantic: strict types, both spellings, refusals that name a field."""

import base64
from typing import Annotated, Any, NoReturn, Self, TypeVar

from pydantic import (
    AliasChoices,
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from conversations.errors import InvalidInput

# By pydantic's type of error; its own sentence for the others.
_SENTENCES = {
    "bool_type": "Must be true or false",
    "float_type": "Must be a number",
    "greater_than_equal": "Must be at least {ge:g}",
    "int_type": "Must be a whole number",
    "less_than_equal": "Must be at most {le:g}",
    "list_type": "Must be a list",
    "literal_error": "Must be {expected}",
    "missing": "Required",
    "model_type": "Must be a JSON object",
    "string_pattern_mismatch": "Must not contain NUL",
    "string_too_long": "Must have at most {max_length} characters",
    "string_too_short": "Must not be empty",
    "string_type": "Must be a string",
    "too_long": "Must have at most {max_length} items",
    "too_short": "Must not be empty",
}

Word = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
# No name is longer than the column in which usage is recorded.
ModelName = Annotated[str, Field(max_length=255, pattern=r"^[^\x00]*$")]


def _spellings(name: str) -> AliasChoices:
    return AliasChoices(name, to_camel(name))


class Body(BaseModel):
    """A JSON object in a request. A field may be spelled in snake_case or in camelCase, counts as
    missing when it is `null`, and is ignored when it is not known."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(validation_alias=_spellings),
        defer_build=True,  # a server that is never asked for it keeps no validator in memory
        loc_by_alias=False,
        strict=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None}

    @classmethod
    def read(cls, data: object) -> Self:
        """The request in `data`. Raises `InvalidInput`, which names the first wrong field."""
        try:
            return cls.model_validate(data)
        except ValidationError as failure:
            error = failure.errors(include_url=False, include_input=False)[0]
        context = error.get("ctx", {})
        where = (*error["loc"], *context.get("at", ()))
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
        path = "".join(steps).lstrip(".") or "body"
        template = _SENTENCES.get(error["type"])
        sentence = f"{template.format(**context) if template else error['msg']}."
        raise InvalidInput(f"{path}: {sentence}", fields={path: [sentence]})


def refuse(sentence: str, *at: str) -> NoReturn:
    """Refuse what a validator looks at, or the field `at` inside it."""
    raise PydanticCustomError("refused", "{sentence}", {"sentence": sentence, "at": at})


B = TypeVar("B", bound=Body)


def require(body: B, *names: str) -> B:
    """Refuse a body that lacks one of these fields."""
    for name in names:
        if getattr(body, name) is None:
            refuse("Required", name.rstrip("_"))
    return body


def texts(most: int, *, least: int = 0) -> PlainValidator:
    """A validator of one text or a list of `least` to `most` texts, none of them empty."""

    def read(value: Any) -> tuple[str, ...]:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(text, str) for text in values):
            refuse("Must be a string or a list of strings")
        if not least <= len(values) <= most:
            refuse(f"Must have {least} to {most} items")
        if not all(values):
            refuse("Must not hold an empty string")
        return tuple(values)

    return PlainValidator(read)


def is_base64(text: str) -> bool:
    """Whether there is anything, and all of it is base64."""
    try:
        return bool(base64.b64decode(text, validate=True))
    except ValueError:
        return False
