"""Fields and serializers that take JSON as it is written and refuse everything else."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from rest_framework import serializers
from rest_framework.request import Request


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses anything but a JSON object, and names unknown fields."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            errors = ["Must be a JSON object."]
            raise serializers.ValidationError(errors if self.parent else {"body": errors})
        if unknown := sorted(set(map(str, data)) - set(self.fields)):
            raise serializers.ValidationError({name: ["Unknown field."] for name in unknown})
        return super().to_internal_value(data)


class StrictFloatField(serializers.FloatField):
    """A JSON number. Refuses numeric strings, booleans and NaN."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float) or data != data:
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictIntegerField(serializers.IntegerField):
    """A JSON number without a fraction."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """A JSON boolean. Refuses the strings and numbers that REST framework takes for one."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class IdField(serializers.UUIDField):
    """A UUID as text. Refuses numbers, which REST framework would convert."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """Text that keeps its white space. Refuses NUL and lone surrogates."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)
        # Replaces REST framework's check for NUL by one that OpenAPI can describe.
        self.validators = [
            *(v for v in self.validators if not isinstance(v, ProhibitNullCharactersValidator)),
            RegexValidator(r"^[^\x00]*$", "Null characters are not allowed."),
        ]

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            data.encode()
        except UnicodeEncodeError:
            raise serializers.ValidationError("Must be valid Unicode text.") from None
        return super().to_internal_value(data)


def valid(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    """Return the validated data of a serializer. Raises `ValidationError`."""
    serializer.is_valid(raise_exception=True)
    data: dict[str, Any] = serializer.validated_data
    return data


class Query(serializers.Serializer[Any]):
    """Query parameters. Parameters that it does not know are ignored."""

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The valid parameters of the request. Raises `ValidationError`."""
        return valid(cls(data=request.query_params.dict()))


class FlagField(serializers.BooleanField):
    """`true` or `false`, and none of the other spellings that REST framework takes."""

    TRUE_VALUES = {"true"}
    FALSE_VALUES = {"false"}


class PageQuery(Query):
    """`limit`: how many rows a page has. A view gives as many as it may where that is less."""

    limit = serializers.IntegerField(min_value=1, max_value=999_999_999, required=False)
