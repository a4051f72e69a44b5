"""Fields and serializers that take JSON as it is written and refuse everything else."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from rest_framework import serializers
from rest_framework.request import Request


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses what is no object, and fields that it does not know, naming them."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            wrong = ["This has to be a JSON object."]
            raise serializers.ValidationError(wrong if self.parent else {"body": wrong})
        if unknown := sorted(set(map(str, data)) - set(self.fields)):
            raise serializers.ValidationError(
                {name: ["There is no such field."] for name in unknown}
            )
        return super().to_internal_value(data)


class StrictFloatField(serializers.FloatField):
    """A JSON number; no string that looks like one, no boolean, no NaN."""

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


class IdField(serializers.UUIDField):
    """A UUID as text; a number is none, though it could be made into one."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """Text as it was written: white space kept, no NUL, and nothing that is not Unicode."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)
        # REST framework's own refusal of NUL, in a form that OpenAPI can tell.
        self.validators = [
            *(
                one
                for one in self.validators
                if not isinstance(one, ProhibitNullCharactersValidator)
            ),
            RegexValidator(r"^[^\x00]*$", "Null characters are not allowed."),
        ]

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            data.encode()
        except UnicodeEncodeError:
            raise serializers.ValidationError("This is not valid Unicode text.") from None
        return super().to_internal_value(data)


class Query(serializers.Serializer[Any]):
    """Query parameters. Parameters that it does not know are ignored."""

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The valid parameters of the request. Raises `ValidationError`."""
        query = cls(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        values: dict[str, Any] = query.validated_data
        return values


class FlagField(serializers.BooleanField):
    """`true` or `false`, and none of the other spellings that REST framework takes."""

    TRUE_VALUES = {"true"}
    FALSE_VALUES = {"false"}


class PageQuery(Query):
    """`limit`: how many rows a page has. A view gives as many as it may where that is less."""

    limit = serializers.IntegerField(min_value=1, max_value=999_999_999, required=False)
