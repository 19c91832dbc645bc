"""What shapes are made of: fields that check and keep what they are given, and a quick check made from a whole shape."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields

T = TypeVar("T")

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


class Plain(fields.Field[T]):
    """A field whose whole check is its ``_deserialize``: the hot path is spared an empty list of validators."""

    def _validate(self, value: T) -> None:
        """Nothing more to check."""


@cache
def time_zones() -> frozenset[str]:
    """The names of all IANA time zones."""
    return frozenset(zoneinfo.available_timezones())


class Matching(Plain[str]):
    """Text of a fixed form, kept as it is."""

    def __init__(self, pattern: re.Pattern[str], example: str, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "pattern": f"^{pattern.pattern}$", "example": example})
        self._match = pattern.fullmatch
        self.example = example

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if type(value) is not str or self._match(value) is None:
            raise ValidationError(f"Not of the form {self.example}.")
        return value


class Text(Plain[str]):
    """Text of at most ``longest`` characters, kept as it is."""

    def __init__(self, longest: int, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "maxLength": longest})
        self.longest = longest

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if type(value) is not str or len(value) > self.longest:
            raise ValidationError(f"Not a text of at most {self.longest} characters.")
        return value


class Moment(Plain[str]):
    """An RFC 3339 time with its offset, kept as it was written."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "format": "date-time", "example": "2026-11-22T08:00:00+01:00"})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if type(value) is str and _MOMENT.fullmatch(value):  # fromisoformat alone takes week dates too
            try:
                datetime.fromisoformat(value)
                return value
            except ValueError:
                pass
        raise ValidationError("Not a time with an offset, like 2026-11-22T08:00:00+01:00.")


class Day(Plain[str]):
    """A calendar day, kept as it was written."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "format": "date", "example": "2026-11-22"})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return date.fromisoformat(value).isoformat()
        except (TypeError, ValueError):
            raise ValidationError("Not a day, like 2026-11-22.") from None


class Zone(Plain[str]):
    """The name of an IANA time zone."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "example": "Europe/Paris"})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if type(value) is not str or value not in time_zones():
            raise ValidationError("Not the name of a time zone, like Europe/Paris.")
        return value


class Whole(Plain[int]):
    """A whole number from ``least`` to ``most``; no float, no boolean, no text."""

    def __init__(self, least: int, most: int, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "integer", "minimum": least, "maximum": most})
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise ValidationError(f"Not a whole number from {self.least} to {self.most}.")
        return value


class OneOf(Plain[str]):
    """One of a few words."""

    def __init__(self, *words: str, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "enum": list(words)})
        self.words = words

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if value not in self.words:
            raise ValidationError(f"Not one of {', '.join(self.words)}.")
        return value  # type: ignore[no-any-return]


class AnswersField(Plain[dict[str, Any]]):
    """The answers by item id; the compiled instrument checks each, in one pass."""

    def __init__(self, **more: Any) -> None:
        answer = {"type": ["integer", "string", "null", "array"], "items": {"type": ["integer", "string"]}}
        super().__init__(**more, metadata={"type": "object", "additionalProperties": answer})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise ValidationError("Not an object of answers by item id.")
        return value


def uuid_field(**more: Any) -> Matching:
    return Matching(_UUID, "3f0e8e6e-8f3c-4a5e-9d8e-0c5a2b1f7d10", **more)


def sha256_field(**more: Any) -> Matching:
    return Matching(_SHA256, "a 64-digit lower-case SHA-256", **more)


def signature_field(**more: Any) -> Matching:
    return Matching(_SIGNATURE, "128 lower-case hex digits", **more)


class Shape(Schema):
    """A shape that ignores what it does not know: newer apps may say more than an older server understands."""

    class Meta:
        unknown = EXCLUDE


class Fits:
    """A shape as a bare list of its fields' own checks: says quickly that data fits; what is wrong, the shape itself says."""

    def __init__(self, shape: Schema) -> None:
        self._steps = tuple(
            (field.data_key or name, field.required, field.allow_none, _check_of(field)) for name, field in shape.load_fields.items()
        )

    def __call__(self, data: dict[str, Any]) -> bool:
        """Whether ``data`` fits; False also where the shape has to be asked."""
        try:
            for key, required, allow_none, check in self._steps:
                if key not in data:
                    if required:
                        return False
                elif data[key] is not None:
                    check(data[key], None, None)
                elif not allow_none:
                    return False
        except ValidationError:
            return False
        return True


def _check_of(field: fields.Field[Any]) -> Callable[[Any, None, None], object]:
    if isinstance(field, fields.Nested):
        inner = Fits(field.schema)

        def check(value: Any, _attr: None, _data: None) -> None:
            if type(value) is not dict or not inner(value):
                raise ValidationError("")

        return check
    if isinstance(field, fields.List):
        each = _check_of(field.inner)

        def check_all(value: Any, attr: None, data: None) -> None:
            if type(value) is not list:
                raise ValidationError("")
            for one in value:
                each(one, attr, data)

        return check_all
    return field._deserialize


def faults(messages: Any, where: str = "") -> list[dict[str, str]]:
    """marshmallow's messages as a flat list of {"where", "what"}."""
    if isinstance(messages, dict):
        return [fault for key, part in messages.items() for fault in faults(part, f"{where}.{key}" if where else str(key))]
    return [{"where": where, "what": str(message)} for message in messages]
